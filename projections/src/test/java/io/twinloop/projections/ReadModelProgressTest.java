package io.twinloop.projections;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who waits for a whole read model waits for what was stored before, and for nothing else. */
class ReadModelProgressTest {

  private static final String JOURNAL =
      "/io/twinloop/persistence/schema/V1__journal_and_snapshots.sql";
  private static final Duration NOT_LONG = Duration.ofMillis(50);
  private static final Duration LONG = Duration.ofSeconds(10);

  private static ReadModels readModels;
  private static ReadModelProgress progress;

  @BeforeAll
  static void open() throws IOException {
    readModels = TestPostgres.readModels();
    progress = new ReadModelProgress(readModels.database());
    try (InputStream ddl = ReadModelProgressTest.class.getResourceAsStream(JOURNAL)) {
      TestPostgres.execute(
          readModels.forQueries(), new String(ddl.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
  }

  @Test
  void shouldNotWaitWhereNothingIsStored() {
    assertThat(join(awaitAll(NOT_LONG))).isTrue();
  }

  @Test
  void shouldWaitForTheFirstEventOfARange() {
    stored("OrgNode|a", 1, 700, 1);

    assertThat(join(awaitAll(NOT_LONG))).isFalse();
    CompletionStage<Boolean> waiting = awaitAll(LONG);
    followed("OrgNode|a", 1);
    assertThat(join(waiting)).isTrue();
  }

  @Test
  void shouldWaitForWhatComesAfterTheOffsetOfItsRange() {
    stored("OrgNode|a", 1, 5, 1);
    stored("OrgNode|a", 2, 5, 2);
    offset("OrgNode-0-511", 2);
    offset("OrgNode-512-1023", 9);

    assertThat(join(awaitAll(NOT_LONG))).as("the offset has them").isTrue();
    stored("OrgNode|a", 3, 5, 3);
    assertThat(join(awaitAll(NOT_LONG))).isFalse();
    followed("OrgNode|a", 3);
    assertThat(join(awaitAll(NOT_LONG))).as("written in another division of ranges").isTrue();
  }

  @Test
  void shouldNotWaitForEntitiesOfAnotherTypeOrForWhatIsStoredLater() {
    stored("Kpi|k", 1, 5, 1);
    stored("OrgNode|a", 1, 5, 2);
    TestPostgres.execute(
        readModels.forQueries(),
        "UPDATE event_journal SET db_timestamp = now() + interval '1 hour'"
            + " WHERE entity_type = 'OrgNode'");

    assertThat(join(awaitAll(NOT_LONG))).isTrue();
  }

  private static CompletionStage<Boolean> awaitAll(Duration atMost) {
    return progress.awaitAll("org-node-read-model", "OrgNode", atMost);
  }

  private static void stored(String persistenceId, long seqNr, int slice, long ordinal) {
    String type = persistenceId.substring(0, persistenceId.indexOf('|'));
    TestPostgres.execute(
        readModels.forQueries(),
        """
        INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp,
          event_ser_id, event_ser_manifest, event_payload, writer, db_xid, ordinal)
        VALUES (%d, '%s', '%s', %d, now(), 1, '', '', 'w', '7', %d)
        """
            .formatted(slice, type, persistenceId, seqNr, ordinal));
  }

  private static void offset(String key, long ordinal) {
    String offset =
        Base64.getEncoder().encodeToString(("7:" + ordinal).getBytes(StandardCharsets.UTF_8));
    TestPostgres.execute(
        readModels.forQueries(),
        """
        INSERT INTO pekko_projection_offset_store
        VALUES ('org-node-read-model', '%s', '%s', 'm', FALSE, 0)
        """
            .formatted(key, offset));
  }

  private static void followed(String persistenceId, long seqNr) {
    TestPostgres.execute(
        readModels.forQueries(),
        """
        INSERT INTO read_model_progress VALUES ('%s', %d)
        ON CONFLICT (persistence_id) DO UPDATE SET seq_nr = EXCLUDED.seq_nr
        """
            .formatted(persistenceId, seqNr));
  }
}
