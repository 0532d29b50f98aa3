package io.twinloop.persistence.r2dbc;

import io.r2dbc.spi.Row;
import io.r2dbc.spi.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The statements that read the journal, page by page.
 *
 * <p>Across entities events are read in the order (db_xid, ordinal), and only those below the
 * oldest transaction that is still open ({@code pg_snapshot_xmin}). A transaction that commits late
 * has an older id than that horizon can have passed, so no reader has gone beyond its events, and
 * none is ever skipped.
 *
 * <p>A page ends after page-rows events, or with the event whose payload passes page-bytes:
 * PostgreSQL counts that from the stored lengths, before it fetches a payload.
 */
final class JournalReads {

  /** Above every transaction id: no bound but the horizon. */
  static final long NO_BOUND = Long.MAX_VALUE;

  private static final String COLUMNS =
      """
      slice, entity_type, persistence_id, seq_nr, db_timestamp,
      event_ser_id, event_ser_manifest, event_payload, writer, adapter_manifest, tags,
      meta_ser_id, meta_ser_manifest, meta_payload, ordinal\
      """;

  /** Index: event_journal_slice_idx, in its order, the slice checked in the index. */
  private static final String PAGE_OF_SLICES =
      """
      SELECT %1$s, db_xid::text AS xid_text FROM (
        SELECT *, sum(octet_length(event_payload)) OVER (ORDER BY db_xid, ordinal)
                  - octet_length(event_payload) AS bytes_before
        FROM (
          SELECT %1$s, db_xid FROM event_journal
          WHERE entity_type = $1 AND slice BETWEEN $2 AND $3
            AND (db_xid, ordinal) > ($4::text::xid8, $5)
            AND db_xid < $6::text::xid8
            AND db_xid < pg_snapshot_xmin(pg_current_snapshot())
            AND NOT deleted
          ORDER BY db_xid, ordinal
          LIMIT %2$d) candidates) page
      WHERE bytes_before < %3$d
      ORDER BY db_xid, ordinal
      """;

  /** Index: the primary key, in its order. */
  private static final String PAGE_OF_PERSISTENCE_ID =
      """
      SELECT %1$s, db_xid::text AS xid_text FROM (
        SELECT *, sum(octet_length(event_payload)) OVER (ORDER BY seq_nr)
                  - octet_length(event_payload) AS bytes_before
        FROM (
          SELECT %1$s, db_xid FROM event_journal
          WHERE persistence_id = $1 AND seq_nr BETWEEN $2 AND $3 AND NOT deleted
          ORDER BY seq_nr
          LIMIT %2$d) candidates) page
      WHERE bytes_before < %3$d
      ORDER BY seq_nr
      """;

  /** Index: the primary key, one look per persistence id however many events each has. */
  private static final String PAGE_OF_PERSISTENCE_IDS =
      """
      WITH RECURSIVE ids AS (
        (SELECT persistence_id FROM event_journal WHERE persistence_id > $1
         ORDER BY persistence_id LIMIT 1)
        UNION ALL
        (SELECT next.persistence_id FROM ids CROSS JOIN LATERAL (
           SELECT j.persistence_id FROM event_journal j WHERE j.persistence_id > ids.persistence_id
           ORDER BY j.persistence_id LIMIT 1) next)
      )
      SELECT persistence_id FROM ids LIMIT $2
      """;

  /** Index: the primary key. Tombstones count: a number is never given twice. */
  private static final String HIGHEST_SEQ_NR =
      "SELECT coalesce(max(seq_nr), 0) AS seq_nr FROM event_journal WHERE persistence_id = $1 AND seq_nr >= $2";

  /** Index: event_journal_slice_idx, backwards from the horizon, one entry for each type. */
  private static final String NEWEST_OF_TYPES =
      """
      SELECT wanted.entity_type, newest.xid_text, newest.ordinal
      FROM unnest($1::text[]) AS wanted (entity_type)
      CROSS JOIN LATERAL (
        SELECT db_xid::text AS xid_text, ordinal FROM event_journal j
        WHERE j.entity_type = wanted.entity_type
          AND j.db_xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY j.db_xid DESC, j.ordinal DESC LIMIT 1) newest
      """;

  private static final String HORIZON =
      """
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_open,
             pg_snapshot_xmax(pg_current_snapshot())::text AS above_ended
      """;

  private final Database database;
  private final PersistenceSettings.Query settings;
  private final String pageOfSlices;

  JournalReads(Database database, PersistenceSettings.Query settings) {
    this.database = database;
    this.settings = settings;
    this.pageOfSlices = pageOfSlices(settings);
  }

  static String pageOfSlices(PersistenceSettings.Query settings) {
    return PAGE_OF_SLICES.formatted(COLUMNS, settings.pageRows(), settings.pageBytes());
  }

  /**
   * How far readers may go.
   *
   * @param oldestOpen id of the oldest transaction that is still open; events below it are settled
   * @param aboveEnded one above the newest transaction that has ended; every event stored so far is
   *     below it
   */
  record Horizon(long oldestOpen, long aboveEnded) {}

  /**
   * Events of an entity type and slice range after an offset, written by transactions below the
   * bound.
   */
  CompletableFuture<List<StoredEvent>> pageOfSlices(
      String entityType, int minSlice, int maxSlice, JournalOffset after, long boundXid) {
    return database.query(
        pageOfSlices,
        statement ->
            statement
                .bind(0, entityType)
                .bind(1, minSlice)
                .bind(2, maxSlice)
                .bind(3, Long.toString(after.xid()))
                .bind(4, after.ordinal())
                .bind(5, Long.toString(boundXid)),
        JournalReads::storedEvent);
  }

  /** Events of one persistence id in the order of their numbers, at most so many. */
  CompletableFuture<List<StoredEvent>> pageOfPersistenceId(
      String persistenceId, long fromSeqNr, long toSeqNr, long max) {
    long rows = Math.min(settings.pageRows(), max);
    // The limit stands in the text so that the plan knows it; replays nearly always ask for the
    // same.
    String sql = PAGE_OF_PERSISTENCE_ID.formatted(COLUMNS, rows, settings.pageBytes());
    return database.query(
        sql,
        statement -> statement.bind(0, persistenceId).bind(1, fromSeqNr).bind(2, toSeqNr),
        JournalReads::storedEvent);
  }

  CompletableFuture<Optional<StoredEvent>> event(String persistenceId, long seqNr) {
    return pageOfPersistenceId(persistenceId, seqNr, seqNr, 1)
        .thenApply(events -> events.stream().findFirst());
  }

  /**
   * Persistence ids with at least one event or tombstone, in the database's order, after the given
   * one.
   */
  CompletableFuture<List<String>> pageOfPersistenceIds(String after, long max) {
    return database.query(
        PAGE_OF_PERSISTENCE_IDS,
        statement -> statement.bind(0, after).bind(1, Math.min(settings.pageRows(), max)),
        row -> text(row, "persistence_id"));
  }

  /**
   * The highest number ever stored for the persistence id, if it's at least the given one; else 0.
   */
  CompletableFuture<Long> highestSeqNr(String persistenceId, long fromSeqNr) {
    return one(
        HIGHEST_SEQ_NR,
        statement -> statement.bind(0, persistenceId).bind(1, fromSeqNr),
        row -> required(row, "seq_nr", Long.class));
  }

  /**
   * The newest event of each entity type that readers may see; types that have none are left out.
   */
  CompletableFuture<Map<String, JournalOffset>> newestOfTypes(List<String> entityTypes) {
    return database
        .query(
            NEWEST_OF_TYPES,
            statement -> statement.bind(0, entityTypes.toArray(String[]::new)),
            row ->
                Map.entry(
                    text(row, "entity_type"),
                    new JournalOffset(
                        Long.parseLong(text(row, "xid_text")),
                        required(row, "ordinal", Long.class))))
        .thenApply(
            newest ->
                newest.stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
  }

  /** Whether a page ended because it was full, so that there may be more to read. */
  boolean isFull(List<StoredEvent> page) {
    return page.size() >= settings.pageRows()
        || page.stream().mapToLong(event -> event.row().bytes()).sum() >= settings.pageBytes();
  }

  CompletableFuture<Horizon> horizon() {
    return one(
        HORIZON,
        statement -> {},
        row ->
            new Horizon(
                Long.parseLong(text(row, "oldest_open")),
                Long.parseLong(text(row, "above_ended"))));
  }

  private <T> CompletableFuture<T> one(
      String sql, Consumer<Statement> bind, java.util.function.Function<Row, T> read) {
    return database.query(sql, bind, read).thenApply(rows -> rows.get(0));
  }

  /** The columns by their places in {@link #COLUMNS}: by name the driver looks each up in turn. */
  private static StoredEvent storedEvent(Row row) {
    String[] tags = row.get(10, String[].class);
    String adapterManifest = row.get(9, String.class);
    EventRow event =
        new EventRow(
            required(row, 0, Integer.class),
            required(row, 1, String.class),
            required(row, 2, String.class),
            required(row, 3, Long.class),
            new Payload(
                required(row, 5, Integer.class),
                required(row, 6, String.class),
                required(row, 7, byte[].class)),
            required(row, 8, String.class),
            adapterManifest == null ? "" : adapterManifest,
            tags == null ? List.of() : List.of(tags),
            metadata(row, 11));
    JournalOffset offset =
        new JournalOffset(
            Long.parseLong(required(row, 15, String.class)), required(row, 14, Long.class));
    return new StoredEvent(event, offset, required(row, 4, Instant.class));
  }

  private static @Nullable Payload metadata(Row row, int first) {
    Integer serializerId = row.get(first, Integer.class);
    return serializerId == null
        ? null
        : new Payload(
            serializerId,
            required(row, first + 1, String.class),
            required(row, first + 2, byte[].class));
  }

  static @Nullable Payload metadata(Row row) {
    Integer serializerId = row.get("meta_ser_id", Integer.class);
    return serializerId == null
        ? null
        : new Payload(
            serializerId,
            text(row, "meta_ser_manifest"),
            required(row, "meta_payload", byte[].class));
  }

  private static <T> T required(Row row, int column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }

  static String text(Row row, String column) {
    return required(row, column, String.class);
  }

  static <T> T required(Row row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type), column);
  }
}
