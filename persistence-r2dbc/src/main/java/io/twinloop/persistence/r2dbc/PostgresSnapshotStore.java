package io.twinloop.persistence.r2dbc;

import io.r2dbc.spi.Row;
import io.r2dbc.spi.Statement;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.persistence.Persistence;
import org.apache.pekko.persistence.SelectedSnapshot;
import org.apache.pekko.persistence.SnapshotMetadata;
import org.apache.pekko.persistence.SnapshotSelectionCriteria;
import org.apache.pekko.persistence.snapshot.japi.SnapshotStore;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.jspecify.annotations.Nullable;
import scala.Option;
import scala.concurrent.Future;
import scala.jdk.javaapi.OptionConverters;

/**
 * The snapshot store as Pekko sees it, {@code twinloop.persistence.snapshot}: keeps the newest
 * snapshot of each persistence id, as the Apache plugin does.
 */
final class PostgresSnapshotStore extends SnapshotStore {

  private static final String WITHIN_CRITERIA =
      "persistence_id = $1 AND seq_nr BETWEEN $2 AND $3 AND write_timestamp BETWEEN $4 AND $5";

  private static final String LOAD = "SELECT * FROM snapshot WHERE " + WITHIN_CRITERIA;

  private static final String DELETE_MATCHING = "DELETE FROM snapshot WHERE " + WITHIN_CRITERIA;

  private static final String DELETE_ONE =
      "DELETE FROM snapshot WHERE persistence_id = $1 AND seq_nr = $2";

  /**
   * An older snapshot never replaces a newer one: the events between them may be deleted already,
   * and an actor that was replaced without knowing may still save. Bytes travel as base64: the
   * driver writes binary values as hexadecimal digits, slowly and twice as long.
   */
  private static final String SAVE =
      """
      INSERT INTO snapshot (
        slice, entity_type, persistence_id, seq_nr, write_timestamp, ser_id, ser_manifest, snapshot,
        meta_ser_id, meta_ser_manifest, meta_payload)
      VALUES ($1, $2, $3, $4, $5, $6, $7, decode($8, 'base64'), $9, $10, decode($11, 'base64'))
      ON CONFLICT (persistence_id) DO UPDATE SET
        seq_nr = excluded.seq_nr, write_timestamp = excluded.write_timestamp,
        ser_id = excluded.ser_id, ser_manifest = excluded.ser_manifest, snapshot = excluded.snapshot,
        meta_ser_id = excluded.meta_ser_id, meta_ser_manifest = excluded.meta_ser_manifest,
        meta_payload = excluded.meta_payload
      WHERE snapshot.seq_nr <= excluded.seq_nr
      """;

  private final Database database = PostgresPersistence.get(context().system()).database();
  private final Serialization serialization = SerializationExtension.get(context().system());
  private final Persistence persistence = Persistence.get(context().system());

  @Override
  public Future<Optional<SelectedSnapshot>> doLoadAsync(
      String persistenceId, SnapshotSelectionCriteria criteria) {
    return ScalaFutures.of(
        database
            .query(LOAD, statement -> bind(statement, persistenceId, criteria), Stored::read)
            .thenApplyAsync(
                rows -> rows.stream().findFirst().map(this::selected),
                context().dispatcher()::execute));
  }

  @Override
  public Future<Void> doSaveAsync(SnapshotMetadata metadata, Object snapshot) {
    String persistenceId = metadata.persistenceId();
    Payload payload = Payload.of(serialization, snapshot);
    Payload meta =
        OptionConverters.toJava(metadata.metadata())
            .map(value -> Payload.of(serialization, value))
            .orElse(null);
    CompletableFuture<Long> saved =
        database.update(
            SAVE,
            statement -> {
              statement
                  .bind(0, persistence.sliceForPersistenceId(persistenceId))
                  .bind(1, PersistenceId.extractEntityType(persistenceId))
                  .bind(2, persistenceId)
                  .bind(3, metadata.sequenceNr())
                  .bind(4, metadata.timestamp())
                  .bind(5, payload.serializerId())
                  .bind(6, payload.manifest())
                  .bind(7, payload.base64());
              if (meta == null) {
                statement
                    .bindNull(8, Integer.class)
                    .bindNull(9, String.class)
                    .bindNull(10, String.class);
              } else {
                statement
                    .bind(8, meta.serializerId())
                    .bind(9, meta.manifest())
                    .bind(10, meta.base64());
              }
            });
    return ScalaFutures.of(saved.thenAccept(rows -> {}));
  }

  @Override
  public Future<Void> doDeleteAsync(SnapshotMetadata metadata) {
    return ScalaFutures.of(
        database
            .update(
                DELETE_ONE,
                statement ->
                    statement.bind(0, metadata.persistenceId()).bind(1, metadata.sequenceNr()))
            .thenAccept(rows -> {}));
  }

  @Override
  public Future<Void> doDeleteAsync(String persistenceId, SnapshotSelectionCriteria criteria) {
    return ScalaFutures.of(
        database
            .update(DELETE_MATCHING, statement -> bind(statement, persistenceId, criteria))
            .thenAccept(rows -> {}));
  }

  /** A row of the table, not deserialised yet. */
  private record Stored(
      String persistenceId,
      long seqNr,
      long writeTimestamp,
      Payload snapshot,
      @Nullable Payload metadata) {

    static Stored read(Row row) {
      return new Stored(
          JournalReads.text(row, "persistence_id"),
          JournalReads.required(row, "seq_nr", Long.class),
          JournalReads.required(row, "write_timestamp", Long.class),
          new Payload(
              JournalReads.required(row, "ser_id", Integer.class),
              JournalReads.text(row, "ser_manifest"),
              JournalReads.required(row, "snapshot", byte[].class)),
          JournalReads.metadata(row));
    }
  }

  private SelectedSnapshot selected(Stored stored) {
    Payload metadata = stored.metadata();
    Option<Object> meta =
        metadata == null ? Option.empty() : Option.apply(metadata.read(serialization));
    return SelectedSnapshot.create(
        new SnapshotMetadata(stored.persistenceId(), stored.seqNr(), stored.writeTimestamp(), meta),
        stored.snapshot().read(serialization));
  }

  private static void bind(
      Statement statement, String persistenceId, SnapshotSelectionCriteria criteria) {
    statement
        .bind(0, persistenceId)
        .bind(1, criteria.minSequenceNr())
        .bind(2, criteria.maxSequenceNr())
        .bind(3, criteria.minTimestamp())
        .bind(4, criteria.maxTimestamp());
  }
}
