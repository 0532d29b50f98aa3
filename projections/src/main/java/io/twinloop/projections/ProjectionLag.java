package io.twinloop.projections;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** How far each projection is behind the journal. */
public final class ProjectionLag {

  /** Every stored offset; a handful of rows. */
  private static final String OFFSETS =
      """
      SELECT projection_name, projection_key, current_offset FROM pekko_projection_offset_store
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
   * @param position of the last event written, transaction id and ordinal
   * @param lag events not yet written; counted up to 10,000
   * @param lagSeconds age of the oldest of them; absent when there is none
   */
  public record Range(
      String name, String key, String position, long lag, @Nullable Double lagSeconds) {}

  private record Stored(String name, String key, String offset) {}

  /** The lag of every range that has written anything. */
  public CompletionStage<List<Range>> read() {
    return database.inTransaction(
        connection -> {
          List<Stored> offsets =
              Sql.list(
                  connection,
                  OFFSETS,
                  row -> new Stored(row.getString(1), row.getString(2), row.getString(3)));
          List<Range> ranges = new ArrayList<>();
          for (Stored stored : offsets) {
            ranges.add(behind(connection, stored));
          }
          return ranges;
        });
  }

  /**
   * A key is {@code <entity type>-<first slice>-<last slice>}, an offset "xid:ordinal" in base64.
   */
  private static Range behind(Connection connection, Stored stored) throws SQLException {
    String[] key = stored.key().split("-", -1);
    String position =
        new String(Base64.getDecoder().decode(stored.offset()), StandardCharsets.UTF_8);
    String[] parts = position.split(":", -1);
    return Sql.one(
            connection,
            BEHIND,
            row ->
                new Range(
                    stored.name(),
                    stored.key(),
                    position,
                    row.getLong("events"),
                    Sql.number(row, "seconds")),
            key[0],
            Integer.valueOf(key[1]),
            Integer.valueOf(key[2]),
            parts[0],
            Long.valueOf(parts[1]))
        .orElseThrow();
  }
}
