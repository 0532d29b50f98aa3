package io.twinloop.persistence.r2dbc;

import static io.twinloop.persistence.r2dbc.JournalDriver.ALL;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.persistence.r2dbc.JournalDriver.Replay;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.DeleteMessagesSuccess;
import org.apache.pekko.persistence.JournalProtocol.WriteMessageFailure;
import org.apache.pekko.persistence.JournalProtocol.WriteMessageRejected;
import org.apache.pekko.persistence.JournalProtocol.WriteMessageSuccess;
import org.apache.pekko.persistence.JournalProtocol.WriteMessagesFailed;
import org.apache.pekko.persistence.JournalProtocol.WriteMessagesSuccessful$;
import org.apache.pekko.persistence.PersistentRepr;
import org.apache.pekko.persistence.journal.EventAdapter;
import org.apache.pekko.persistence.journal.EventSeq;
import org.apache.pekko.persistence.journal.Tagged;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import scala.jdk.javaapi.CollectionConverters;

/** What Pekko's test kit for journals checks, and what it doesn't: tags, manifests, sizes. */
class PostgresJournalTest {

  private static final String WRITER = "1d0a5cbd-8f5c-4a7e-9d8e-0f6c8a1b2c3d";

  private static PostgresSettings settings;
  private static ActorSystem system;
  private static JournalDriver journal;

  private String id = "";

  @BeforeAll
  static void start() {
    settings = TestPostgres.database();
    system =
        TestPostgres.system(
            settings,
            """
            twinloop.persistence.journal {
              event-adapters.shouting = "io.twinloop.persistence.r2dbc.PostgresJournalTest$Shouting"
              event-adapter-bindings."java.lang.Long" = shouting
              # Pages of two rows make every replay cross page borders.
            }
            twinloop.persistence.query.page-rows = 2
            """);
    journal = new JournalDriver(system, WRITER);
  }

  @AfterAll
  static void stop() {
    TestPostgres.stop(system);
  }

  @BeforeEach
  void writeFiveEvents(TestInfo test) {
    id = "Thing|" + test.getDisplayName();
    journal.writeSome(id, 1, 5);
  }

  /** Stores numbers as texts, to be seen in the manifest. */
  public static final class Shouting implements EventAdapter {
    @Override
    public String manifest(Object event) {
      return "shouted";
    }

    @Override
    public Object toJournal(Object event) {
      return event + "!";
    }

    @Override
    public EventSeq fromJournal(Object event, String manifest) {
      return EventSeq.single(event);
    }
  }

  @Test
  void shouldReplayAllEvents() {
    Replay replay = journal.replay(id, 1, ALL, ALL);

    assertThat(replay.payloads()).containsExactly("a-1", "a-2", "a-3", "a-4", "a-5");
    assertThat(replay.highestSeqNr()).isEqualTo(5);
    assertThat(replay.events())
        .allSatisfy(
            event -> {
              assertThat(event.persistenceId()).isEqualTo(id);
              assertThat(event.writerUuid()).isEqualTo(WRITER);
              assertThat(event.manifest()).isEmpty();
              assertThat(event.deleted()).isFalse();
              assertThat(event.sender()).isEqualTo(ActorRef.noSender());
            });
  }

  @Test
  void shouldReplayFromALowerBound() {
    assertReplayed(3, ALL, ALL, 3L, 4L, 5L);
  }

  @Test
  void shouldReplayToAnUpperBound() {
    assertReplayed(1, 3, ALL, 1L, 2L, 3L);
  }

  @Test
  void shouldReplayAtMostSoManyEvents() {
    assertReplayed(1, ALL, 3, 1L, 2L, 3L);
  }

  @Test
  void shouldReplayBetweenTwoBounds() {
    assertReplayed(2, 3, ALL, 2L, 3L);
  }

  @Test
  void shouldReplayAtMostSoManyEventsBetweenTwoBounds() {
    assertReplayed(2, 5, 2, 2L, 3L);
  }

  @Test
  void shouldReplayASingleEventWhenTheBoundsAreEqual() {
    assertReplayed(2, 2, ALL, 2L);
  }

  @Test
  void shouldReplayASingleEventWhenOnlyOneIsWanted() {
    assertReplayed(2, 4, 1, 2L);
  }

  @Test
  void shouldReplayNothingWhenNoneIsWanted() {
    assertReplayed(2, 4, 0);
  }

  @Test
  void shouldReplayNothingWhenTheBoundsCross() {
    assertReplayed(3, 2, ALL);
  }

  @Test
  void shouldReplayNothingWhenNothingWasWritten() {
    Replay replay = journal.replay("Thing|never written", 0, ALL, ALL);

    assertThat(replay.events()).isEmpty();
    assertThat(replay.highestSeqNr()).isZero();
  }

  @Test
  void shouldNotReplayADeletedPrefix() {
    assertThat(journal.delete(id, 3)).isEqualTo(new DeleteMessagesSuccess(3));

    assertReplayed(1, ALL, ALL, 4L, 5L);
  }

  @Test
  void shouldKeepTheHighestSequenceNumberWhenAllEventsAreDeleted() {
    assertThat(journal.delete(id, ALL)).isEqualTo(new DeleteMessagesSuccess(ALL));

    assertReplayed(0, ALL, ALL);
    assertThat(TestPostgres.rows(settings, countOf("true"))).containsExactly("1");
  }

  @Test
  void shouldGoOnAfterADeletedHistory() {
    journal.delete(id, ALL);
    journal.writeSome(id, 6, 8);

    Replay replay = journal.replay(id, 1, ALL, ALL);

    assertThat(replay.seqNrs()).containsExactly(6L, 7L, 8L);
    assertThat(replay.highestSeqNr()).isEqualTo(8);
  }

  @Test
  void shouldForgetAnOldTombstoneWithTheNextDeletion() {
    journal.delete(id, ALL);
    journal.writeSome(id, 6, 8);
    journal.delete(id, 7);

    assertThat(TestPostgres.rows(settings, countOf("true"))).containsExactly("0");
    assertThat(TestPostgres.rows(settings, countOf("false"))).containsExactly("1");
  }

  @Test
  void shouldDeleteALongHistoryInChunks() {
    TestPostgres.execute(
        settings,
        """
        INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp,
          event_ser_id, event_ser_manifest, event_payload, writer)
        SELECT 1, 'Long', 'Long|1', n, now(), 20, '', 'x', 'w' FROM generate_series(1, 12000) n
        """);

    assertThat(journal.delete("Long|1", 11_999)).isEqualTo(new DeleteMessagesSuccess(11_999));

    assertThat(journal.replay("Long|1", 1, ALL, ALL).seqNrs()).containsExactly(12_000L);
  }

  @Test
  void shouldRejectOnlyTheEventThatCannotBeSerialized() {
    Object notSerializable = new Object();
    List<Object> answers =
        journal.write(
            List.of(
                journal.atomic(journal.event(id, 6, "b-6")),
                journal.atomic(journal.event(id, 7, notSerializable)),
                journal.atomic(journal.event(id, 8, "b-8"))));

    assertThat(answers.get(0)).isEqualTo(WriteMessagesSuccessful$.MODULE$);
    assertThat(answers.get(1)).isInstanceOf(WriteMessageSuccess.class);
    assertThat(answers.get(2)).isInstanceOf(WriteMessageRejected.class);
    assertThat(answers.get(3)).isInstanceOf(WriteMessageSuccess.class);
    assertThat(((WriteMessageRejected) answers.get(2)).message().payload())
        .isEqualTo(notSerializable);
    assertThat(journal.replay(id, 6, ALL, ALL).payloads()).containsExactly("b-6", "b-8");
  }

  @Test
  void shouldReturnMetadata() {
    PersistentRepr event = journal.event(id, 6, "b-6").withMetadata("about b-6");
    journal.write(List.of(journal.atomic(event, journal.event(id, 7, "b-7"))));

    Replay replay = journal.replay(id, 6, ALL, ALL);

    assertThat(replay.events().get(0).metadata().get()).isEqualTo("about b-6");
    assertThat(replay.events().get(1).metadata().isDefined()).isFalse();
  }

  @Test
  void shouldStoreTagsAndTheEventWithinTheTaggedEnvelope() {
    Set<String> tags = Set.of("plain", "with \"quotes\", {braces} and \\", "NULL");
    journal.write(
        List.of(
            journal.atomic(
                journal.event(
                    id, 6, new Tagged("b-6", CollectionConverters.asScala(tags).toSet())))));

    assertThat(journal.replay(id, 6, ALL, ALL).payloads()).containsExactly("b-6");
    assertThat(
            TestPostgres.rows(
                settings,
                "SELECT unnest(tags) FROM event_journal WHERE seq_nr = 6 AND persistence_id = '%s'"
                    .formatted(id)))
        .containsExactlyInAnyOrderElementsOf(tags);
  }

  @Test
  void shouldGiveEventAdaptersTheirManifest() {
    journal.write(List.of(journal.atomic(journal.event(id, 6, 42L))));

    PersistentRepr event = journal.replay(id, 6, ALL, ALL).events().get(0);

    assertThat(event.payload()).isEqualTo("42!");
    assertThat(event.manifest()).isEqualTo("shouted");
  }

  @Test
  void shouldStoreAnEventOfOneMebibyte() {
    String large = "ü".repeat(1 << 19);
    List<Object> answers = journal.write(List.of(journal.atomic(journal.event(id, 6, large))));

    assertThat(answers.get(1)).isInstanceOf(WriteMessageSuccess.class);
    assertThat(journal.replay(id, 6, ALL, ALL).payloads()).containsExactly(large);
  }

  @Test
  void shouldRejectOnlyTheEventAboveTheLimit() {
    String tooLarge = "x".repeat(1_114_113);
    List<Object> answers =
        journal.write(
            List.of(
                journal.atomic(journal.event(id, 6, tooLarge)),
                journal.atomic(journal.event(id, 7, "b-7"))));

    assertThat(((WriteMessageRejected) answers.get(1)).cause())
        .hasMessageContaining("has 1114113 bytes, more than the 1114112")
        .hasMessageContaining("payload-limit");
    assertThat(answers.get(2)).isInstanceOf(WriteMessageSuccess.class);
  }

  @Test
  void shouldStoreAllEventsOfAnAtomicWriteOrNone() {
    List<Object> answers =
        journal.write(
            List.of(journal.atomic(journal.event(id, 6, "b-6"), journal.event(id, 5, "again"))));

    assertThat(answers.get(0)).isInstanceOf(WriteMessagesFailed.class);
    assertThat(journal.replay(id, 1, ALL, ALL).payloads())
        .containsExactly("a-1", "a-2", "a-3", "a-4", "a-5");
  }

  @Test
  void shouldRefuseAWriterThatWasReplaced() {
    JournalDriver replaced = new JournalDriver(system, "the old incarnation");
    List<Object> answers = replaced.write(List.of(journal.atomic(journal.event(id, 5, "late"))));

    WriteMessageFailure failure = (WriteMessageFailure) answers.get(1);
    assertThat(failure.cause())
        .isInstanceOfSatisfying(
            JournalException.class,
            e -> assertThat(e.reason()).isEqualTo(JournalException.Reason.REFUSED))
        .hasMessageContaining("Events 5 to 5 of '" + id + "' were not stored")
        .hasMessageContaining("another writer has stored this sequence number");
    assertThat(journal.replay(id, 5, ALL, ALL).payloads()).containsExactly("a-5");
  }

  @Test
  void shouldWaitWithReplayForAWriteInFlight() {
    List<Long> expected = new ArrayList<>(List.of(1L, 2L, 3L, 4L, 5L));
    for (long seqNr = 6; seqNr <= 100; seqNr++) {
      journal.send(List.of(journal.atomic(journal.event(id, seqNr, "b-" + seqNr))));
      expected.add(seqNr);

      Replay replay = journal.replay(id, 1, ALL, ALL);

      assertThat(replay.seqNrs()).isEqualTo(expected);
      assertThat(replay.highestSeqNr()).isEqualTo(seqNr);
    }
  }

  private void assertReplayed(long from, long to, long max, Long... seqNrs) {
    Replay replay = journal.replay(id, from, to, max);
    assertThat(replay.seqNrs()).containsExactly(seqNrs);
    assertThat(replay.payloads())
        .isEqualTo(replay.seqNrs().stream().map(seqNr -> (Object) ("a-" + seqNr)).toList());
    assertThat(replay.highestSeqNr()).isEqualTo(5);
  }

  private String countOf(String deleted) {
    return "SELECT count(*) FROM event_journal WHERE persistence_id = '%s' AND deleted = %s"
        .formatted(id, deleted);
  }
}
