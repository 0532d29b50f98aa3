package io.twinloop.persistence.r2dbc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.apache.pekko.persistence.AtomicWrite;
import org.apache.pekko.persistence.PersistentRepr;
import org.apache.pekko.persistence.journal.japi.AsyncWriteJournal;
import scala.concurrent.Future;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The journal as Pekko sees it, {@code twinloop.persistence.journal}: serialises on its own thread,
 * leaves the writing to {@link GroupCommit} and the reading to {@link JournalReads}.
 *
 * <p>Stopping is safe: writes go on in the extension, and a new instance waits for those of a
 * persistence id before it reads it.
 */
class PostgresJournal extends AsyncWriteJournal {

  /**
   * A chunk of a deletion is a transaction of its own, short enough not to hold up the readers'
   * horizon.
   */
  private static final int DELETE_CHUNK = 5_000;

  /**
   * The oldest events first, so that an interrupted deletion leaves no gap; never the newest event,
   * whose number must stay. Index: the primary key.
   */
  private static final String DELETE_OLDEST =
      """
      DELETE FROM event_journal WHERE persistence_id = $1 AND seq_nr IN (
        SELECT seq_nr FROM event_journal
        WHERE persistence_id = $1 AND seq_nr <= $2
          AND seq_nr < (SELECT max(seq_nr) FROM event_journal WHERE persistence_id = $1)
        ORDER BY seq_nr LIMIT $3)
      """;

  /** What stays of the newest event when it's deleted too: its number. */
  private static final String BURY_NEWEST =
      """
      UPDATE event_journal
      SET deleted = true, event_ser_id = 0, event_ser_manifest = '', event_payload = '',
          tags = NULL, meta_ser_id = NULL, meta_ser_manifest = NULL, meta_payload = NULL
      WHERE persistence_id = $1 AND seq_nr <= $2 AND NOT deleted
        AND seq_nr = (SELECT max(seq_nr) FROM event_journal WHERE persistence_id = $1)
      """;

  private final PostgresPersistence postgres = PostgresPersistence.get(context().system());
  private final GroupCommit groupCommit = postgres.groupCommit();
  private final JournalReads reads = postgres.reads();
  private final Database database = postgres.database();
  private final EventCodec codec = postgres.codec();
  private final long payloadLimit = postgres.settings().journal().payloadLimit();
  private final Executor dispatcher = context().dispatcher()::execute;

  @Override
  public Future<Iterable<Optional<Exception>>> doAsyncWriteMessages(
      Iterable<AtomicWrite> messages) {
    List<Optional<Exception>> rejections = new ArrayList<>();
    List<EventRow> accepted = new ArrayList<>();
    String persistenceId = "";
    for (AtomicWrite message : messages) {
      persistenceId = message.persistenceId();
      try {
        accepted.addAll(serialize(message));
        rejections.add(Optional.empty());
      } catch (
          Exception e) { // whatever a serialiser throws, it's this message that can't be stored
        rejections.add(Optional.of(e));
      }
    }
    if (accepted.isEmpty()) {
      return Future.successful(rejections);
    }
    return ScalaFutures.of(
        groupCommit.write(persistenceId, accepted).thenApply(stored -> rejections));
  }

  @Override
  public Future<Void> doAsyncDeleteMessagesTo(String persistenceId, long toSequenceNr) {
    return ScalaFutures.of(
        groupCommit
            .settled(persistenceId)
            .thenCompose(settled -> deleteOldest(persistenceId, toSequenceNr))
            .thenCompose(
                deleted ->
                    database.update(
                        BURY_NEWEST,
                        statement -> statement.bind(0, persistenceId).bind(1, toSequenceNr)))
            .thenAccept(buried -> {}));
  }

  @Override
  public Future<Long> doAsyncReadHighestSequenceNr(String persistenceId, long fromSequenceNr) {
    return ScalaFutures.of(
        groupCommit
            .settled(persistenceId)
            .thenCompose(settled -> reads.highestSeqNr(persistenceId, fromSequenceNr)));
  }

  @Override
  public Future<Void> doAsyncReplayMessages(
      String persistenceId,
      long fromSequenceNr,
      long toSequenceNr,
      long max,
      Consumer<PersistentRepr> replay) {
    return ScalaFutures.of(
        groupCommit
            .settled(persistenceId)
            .thenCompose(
                settled -> replayPage(persistenceId, fromSequenceNr, toSequenceNr, max, replay)));
  }

  private List<EventRow> serialize(AtomicWrite message) {
    List<EventRow> rows = new ArrayList<>();
    for (PersistentRepr event : CollectionConverters.asJava(message.payload())) {
      EventRow row = codec.toRow(event);
      if (row.bytes() > payloadLimit) {
        throw new JournalException(
            JournalException.Reason.PAYLOAD_TOO_LARGE,
            "Event %d of '%s' has %d bytes, more than the %d of twinloop.persistence.journal.payload-limit."
                .formatted(row.seqNr(), row.persistenceId(), row.bytes(), payloadLimit),
            null);
      }
      rows.add(row);
    }
    return rows;
  }

  private CompletableFuture<Long> deleteOldest(String persistenceId, long toSequenceNr) {
    return database
        .update(
            DELETE_OLDEST,
            statement ->
                statement.bind(0, persistenceId).bind(1, toSequenceNr).bind(2, DELETE_CHUNK))
        .thenCompose(
            deleted ->
                deleted < DELETE_CHUNK
                    ? CompletableFuture.completedFuture(deleted)
                    : deleteOldest(persistenceId, toSequenceNr));
  }

  private CompletableFuture<Void> replayPage(
      String persistenceId, long from, long to, long max, Consumer<PersistentRepr> replay) {
    if (max <= 0 || from > to) {
      return CompletableFuture.completedFuture(null);
    }
    return reads
        .pageOfPersistenceId(persistenceId, from, to, max)
        .thenComposeAsync(
            events -> {
              events.forEach(event -> replay.accept(codec.toRepr(event)));
              return events.isEmpty()
                  ? CompletableFuture.completedFuture(null)
                  : replayPage(
                      persistenceId,
                      events.get(events.size() - 1).seqNr() + 1,
                      to,
                      max - events.size(),
                      replay);
            },
            dispatcher);
  }
}
