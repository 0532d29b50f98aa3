package io.twinloop.projections.cluster;

import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Which nodes of the cluster have lately been alive, as they wrote it down in the database they
 * share, by whose clock it is judged.
 */
public final class LiveMembers {

  /** Primary key. */
  private static final String SEEN =
      """
      INSERT INTO cluster_member (address) VALUES (?)
      ON CONFLICT (address) DO UPDATE SET seen_at = clock_timestamp()
      """;

  /** All rows: as many as there are nodes. */
  private static final String OTHERS =
      """
      SELECT address FROM cluster_member
      WHERE address <> ? AND seen_at > clock_timestamp() - ? * INTERVAL '1 millisecond'
      ORDER BY seen_at DESC
      """;

  /** Primary key, and all rows for those that ended without a word. */
  private static final String GONE =
      """
      DELETE FROM cluster_member
      WHERE address = ? OR seen_at < clock_timestamp() - INTERVAL '1 day'
      """;

  private final Database database;

  public LiveMembers(Database database) {
    this.database = database;
  }

  /** Writes down that the node with this address is alive now. */
  public CompletionStage<?> seen(String address) {
    return database.inTransaction(connection -> Sql.update(connection, SEEN, address));
  }

  /**
   * The addresses of other nodes that were alive not long ago, the latest first.
   *
   * @param within how long ago, to the millisecond
   */
  public CompletionStage<List<String>> others(String than, Duration within) {
    return database.inTransaction(
        connection ->
            Sql.list(connection, OTHERS, row -> row.getString("address"), than, within.toMillis()));
  }

  /** Writes down that a node has left. */
  public CompletionStage<?> gone(String address) {
    return database.inTransaction(connection -> Sql.update(connection, GONE, address));
  }
}
