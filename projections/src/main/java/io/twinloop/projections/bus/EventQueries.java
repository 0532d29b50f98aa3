package io.twinloop.projections.bus;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import io.twinloop.serialization.Json;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the history of integration events.
 *
 * <p>The order is that of (transaction id, ordinal), and only rows below the oldest transaction
 * still running are read: a reader that goes on from its last row misses none that committed late.
 */
public final class EventQueries {

  /** Index by type, subject or correlation where one is given, else by order. */
  private static final String LIST =
      """
      SELECT xid::text AS transaction, ordinal, type, event FROM integration_event
      WHERE (xid, ordinal) > (?::text::xid8, ?)
        AND xid < pg_snapshot_xmin(pg_current_snapshot())
        AND (?::text IS NULL OR type = ?)
        AND (?::text IS NULL OR subject = ?)
        AND (?::text IS NULL OR correlation_id = ?)
        AND (?::text[] IS NULL OR subject = ANY(?))
      ORDER BY xid, ordinal LIMIT ?
      """;

  /** Index by order. */
  private static final String NEWEST =
      """
      SELECT xid::text AS transaction, ordinal FROM integration_event
      WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY xid DESC, ordinal DESC LIMIT 1
      """;

  private final Database database;
  private final Scope scope;

  public EventQueries(Database database) {
    this(database, Scope.EVERYTHING);
  }

  private EventQueries(Database database, Scope scope) {
    this.database = database;
    this.scope = scope;
  }

  /** The same questions, which see nothing outside. */
  public EventQueries within(Scope narrower) {
    return new EventQueries(database, narrower);
  }

  /** A place in the history. */
  public record Place(String transaction, long ordinal) {
    /** Before every event. */
    public static final Place BEGINNING = new Place("0", 0);

    /** The place as text: {@code transaction.ordinal}. */
    public String text() {
      return transaction + "." + ordinal;
    }

    /** Whether it lies after another one. */
    public boolean isAfter(Place other) {
      int byTransaction =
          Long.compareUnsigned(
              Long.parseUnsignedLong(transaction), Long.parseUnsignedLong(other.transaction));
      return byTransaction > 0 || (byTransaction == 0 && ordinal > other.ordinal);
    }

    /** The place of a text, empty when it is none. */
    public static Optional<Place> of(String text) {
      return text.matches("\\d{1,19}\\.\\d{1,18}")
          ? Optional.of(
              new Place(
                  text.substring(0, text.indexOf('.')),
                  Long.parseLong(text.substring(text.indexOf('.') + 1))))
          : Optional.empty();
    }
  }

  /** An event where it stands. */
  public record Recorded(Place place, String type, JsonNode event) {}

  /** What is asked for; what is absent does not matter. */
  public record Filter(
      @Nullable String type, @Nullable String entityId, @Nullable String correlationId) {}

  /** Events after a place, in order. */
  public CompletionStage<List<Recorded>> after(Place place, Filter filter, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                LIST,
                row ->
                    new Recorded(
                        new Place(row.getString("transaction"), row.getLong("ordinal")),
                        row.getString("type"),
                        Json.tree(row.getString("event"))),
                place.transaction(),
                place.ordinal(),
                filter.type(),
                filter.type(),
                filter.entityId(),
                filter.entityId(),
                filter.correlationId(),
                filter.correlationId(),
                scope.entityIds(connection),
                scope.entityIds(connection),
                limit));
  }

  /** The place of the newest event. */
  public CompletionStage<Place> newest() {
    return database.inTransaction(
        connection ->
            Sql.one(
                    connection,
                    NEWEST,
                    row -> new Place(row.getString("transaction"), row.getLong("ordinal")))
                .orElse(Place.BEGINNING));
  }
}
