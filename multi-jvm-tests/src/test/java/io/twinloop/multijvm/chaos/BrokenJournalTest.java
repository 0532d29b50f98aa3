package io.twinloop.multijvm.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.multijvm.ClusterProcess;
import io.twinloop.multijvm.ClusterProcess.Member;
import io.twinloop.multijvm.chaos.Findings.Kind;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A test of the checker: journals with a mistake in them don't get past it, the right one does, all
 * on the same two nodes and the same database.
 */
@EnabledIfSystemProperty(named = "twinloop.faults", matches = ".+")
class BrokenJournalTest {

  /** What was lost never settles. */
  private static final Duration NEVER_SETTLES = Duration.ofSeconds(8);

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final double REQUESTS_PER_SECOND = 60;

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
  void shouldFindWhatABrokenJournalLostOrSkippedAndNothingInAWholeOne() throws SQLException {
    try (ClusterProcess cluster = ClusterProcess.start(folder, 2, ChaosRun::prepared)) {
      inDatabase(cluster, SLOW_COMMITS);
      try (ChaosRun run = ChaosRun.start(cluster, 1, REQUESTS_PER_SECOND, BrokenJournalTest::say)) {
        run.awaitAcknowledged(300, PATIENCE);
        Findings ofTheWhole = run.check().findings();
        assertThat(ofTheWhole.sentences()).as("of the journal as it is").isEmpty();

        restart(cluster, "-Dtwinloop.persistence.query.class=" + GreedyReadJournal.PROVIDER);
        run.goOn();
        run.awaitAcknowledged(600, PATIENCE);
        Findings ofTheGreedy = run.check(NEVER_SETTLES).findings();
        assertThat(ofTheGreedy.count(Kind.READ_MODEL)).as("%s", ofTheGreedy).isPositive();

        restart(
            cluster,
            "-Dtwinloop.persistence.journal.class=io.twinloop.persistence.r2dbc.HastyJournal");
        run.goOn();
        run.awaitAcknowledged(100, PATIENCE);
        run.strike(Fault.KILL, 0);
        Findings ofTheHasty = run.check(NEVER_SETTLES).findings();
        assertThat(ofTheHasty.count(Kind.LOST)).as("%s", ofTheHasty).isPositive();
      }
    }
  }

  private static void say(String line) {
    System.out.println(line);
  }

  private static void restart(ClusterProcess cluster, String option) {
    for (Member member : cluster.members()) {
      member.node().kill9();
      member.node().withJvmOption(option);
    }
    cluster.awaitWhole();
  }

  private static void inDatabase(ClusterProcess cluster, String sql) throws SQLException {
    try (Connection connection =
            StoredHistory.dataSource(cluster.services().postgresUrl()).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
