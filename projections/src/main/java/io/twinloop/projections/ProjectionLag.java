package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** How far each projection is behind the journal, and what stops it. */
public final class ProjectionLag {

  /** Every range that is known or has an offset; a handful of rows. */
  private static final String RANGES =
      """
      SELECT projection_name, projection_key, current_offset,
        CASE WHEN failing_since IS NOT NULL THEN 'failing'
          WHEN started_at IS NULL AND current_offset IS NULL THEN 'not-started'
          ELSE 'running' END AS status,
        failing_since, failures, error, persistence_id, seq_nr
      FROM pekko_projection_offset_store
      FULL JOIN projection_state USING (projection_name, projection_key)
      ORDER BY projection_name, projection_key
      """;

  /** Index of the journal by entity type, slice and order; stops counting at ten thousand. */
  private static final String BEHIND =
      """
      SELECT count(*) AS events, extract(epoch FROM now() - min(db_timestamp)) AS seconds
      FROM (SELECT db_timestamp FROM event_journal
        WHERE entity_type = ? AND slice BETWEEN ? AND ?
          AND (db_xid, ordinal) > (?::text::xid8, ?) AND NOT deleted
        ORDER BY db_xid, ordinal LIMIT 10000) AS waiting
      """;

  private final Database database;

  public ProjectionLag(Database database) {
    this.database = database;
  }

  /**
   * One slice range of a projection.
   *
   * @param position of the last event written, transaction id and ordinal; absent before the first
   * @param lag events not yet written; counted up to 10,000
   * @param lagSeconds age of the oldest of them; absent when there is none
   * @param status running, failing, or not-started where no node has run it yet
   * @param failure what stops it; absent while nothing does
   */
  public record Range(
      String name,
      String key,
      @Nullable String position,
      long lag,
      @Nullable Double lagSeconds,
      String status,
      @Nullable Failure failure) {}

  /**
   * What stops a projection.
   *
   * @param since when it last went on
   * @param tries how often it failed since
   * @param event that it can't take; absent where the fault is no event's or not known
   */
  public record Failure(Instant since, long tries, String error, @Nullable EventKey event) {}

  private record Known(
      String name, String key, @Nullable String offset, String status, @Nullable Failure failure) {}

  /** The lag of every range, failing ones with what stops them. */
  public CompletionStage<List<Range>> read() {
    return database.inTransaction(
        connection -> {
          List<Range> ranges = new ArrayList<>();
          for (Known known : Sql.list(connection, RANGES, ProjectionLag::known)) {
            ranges.add(behind(connection, known));
          }
          return ranges;
        });
  }

  private static Known known(ResultSet row) throws SQLException {
    Instant since = Sql.instant(row, "failing_since");
    String persistenceId = row.getString("persistence_id");
    return new Known(
        row.getString("projection_name"),
        row.getString("projection_key"),
        row.getString("current_offset"),
        row.getString("status"),
        since == null
            ? null
            : new Failure(
                since,
                row.getLong("failures"),
                row.getString("error"),
                persistenceId == null ? null : new EventKey(persistenceId, row.getLong("seq_nr"))));
  }

  /**
   * A key is {@code <entity type>-<first slice>-<last slice>}, an offset "xid:ordinal" in base64.
   */
  private static Range behind(Connection connection, Known known) throws SQLException {
    String[] key = known.key().split("-", -1);
    String position =
        known.offset() == null
            ? null
            : new String(Base64.getDecoder().decode(known.offset()), StandardCharsets.UTF_8);
    String[] parts = (position == null ? "0:0" : position).split(":", -1);
    return Sql.one(
            connection,
            BEHIND,
            row -> {
              long lag = row.getLong("events");
              // A range that has written everything is stopped by nothing, whatever it met before.
              boolean done = lag == 0 && known.failure() != null;
              return new Range(
                  known.name(),
                  known.key(),
                  position,
                  lag,
                  Sql.number(row, "seconds"),
                  done ? "running" : known.status(),
                  done ? null : known.failure());
            },
            key[0],
            Integer.valueOf(key[1]),
            Integer.valueOf(key[2]),
            parts[0],
            Long.valueOf(parts[1]))
        .orElseThrow();
  }
}
