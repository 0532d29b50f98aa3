package io.twinloop.multijvm.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.multijvm.ClusterProcess;
import io.twinloop.multijvm.NodeProcess;
import io.twinloop.multijvm.chaos.Findings.Kind;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** A test of the checker: journals with a mistake in them don't get past it. */
@EnabledIfSystemProperty(named = "twinloop.faults", matches = ".+")
class BrokenJournalTest {

  /** What was lost never settles. */
  private static final Duration SETTLE = Duration.ofSeconds(15);

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** One flush in five takes so long that others, which began later, end before it. */
  private static final String SLOW_COMMITS =
      """
      CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF random() < 0.2 THEN PERFORM pg_sleep(0.15); END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER slow_commit AFTER INSERT ON event_journal
        FOR EACH STATEMENT EXECUTE FUNCTION slow_commit();
      """;

  @TempDir Path folder;

  @Test
  void shouldFindWritesLostThatWereAcknowledgedBeforeTheirCommit() {
    try (ClusterProcess cluster =
            ClusterProcess.start(
                folder,
                1,
                node ->
                    node.withJvmOption(
                        "-Dtwinloop.persistence.journal.class=io.twinloop.persistence.r2dbc.HastyJournal"));
        ChaosRun run = ChaosRun.start(cluster, 1, 60, BrokenJournalTest::say)) {
      run.awaitAcknowledged(100, PATIENCE);
      run.strike(Fault.KILL, 0);

      Findings findings = run.check(SETTLE).findings();

      assertThat(findings.count(Kind.LOST)).as("%s", findings).isPositive();
    }
  }

  @Test
  void shouldFindReadModelsWrongThatSkippedWhatWasCommittedLate() throws SQLException {
    try (ClusterProcess cluster =
        ClusterProcess.start(folder, 2, BrokenJournalTest::withGreedyReader)) {
      inDatabase(cluster, SLOW_COMMITS);
      try (ChaosRun run = ChaosRun.start(cluster, 2, 60, BrokenJournalTest::say)) {
        run.awaitAcknowledged(600, PATIENCE);

        Findings findings = run.check(SETTLE).findings();

        assertThat(findings.count(Kind.READ_MODEL)).as("%s", findings).isPositive();
        assertThat(findings.count(Kind.LOST)).as("%s", findings).isZero();
      }
    }
  }

  private static void say(String line) {
    System.out.println(line);
  }

  private static NodeProcess withGreedyReader(NodeProcess node) {
    return node.withJvmOption(
        "-Dtwinloop.persistence.query.class=" + GreedyReadJournal.Provider.class.getName());
  }

  private static void inDatabase(ClusterProcess cluster, String sql) throws SQLException {
    try (Connection connection =
            StoredHistory.dataSource(cluster.services().postgresUrl()).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
