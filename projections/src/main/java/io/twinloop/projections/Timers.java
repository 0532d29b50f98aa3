package io.twinloop.projections;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;

/**
 * The durable timers of entities, as read models set them in the transaction of their events;
 * {@link TimerFirer} fires them.
 */
public final class Timers {

  /** Primary key. */
  private static final String SET =
      """
      INSERT INTO timer (entity_type, entity_id, timer_id, due_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (entity_type, entity_id, timer_id) DO UPDATE SET due_at = EXCLUDED.due_at
      """;

  /** Primary key, by its first columns. */
  private static final String DROP_STEP =
      """
      DELETE FROM timer
      WHERE entity_type = ? AND entity_id = ? AND (timer_id = ? OR starts_with(timer_id, ? || '/'))
      """;

  /** Primary key, by its first columns. */
  private static final String DROP_ALL =
      "DELETE FROM timer WHERE entity_type = ? AND entity_id = ?";

  private Timers() {}

  /**
   * Sets a timer, or moves it.
   *
   * @param entityType the name under which the entities are sharded
   * @param timerId unique within the entity
   */
  public static void set(
      Connection connection, String entityType, String entityId, String timerId, Instant dueAt)
      throws SQLException {
    Sql.update(connection, SET, entityType, entityId, timerId, dueAt);
  }

  /** Drops a timer and those below it, whose ids go on with a slash. */
  public static void drop(Connection connection, String entityType, String entityId, String timerId)
      throws SQLException {
    Sql.update(connection, DROP_STEP, entityType, entityId, timerId, timerId);
  }

  /** Drops every timer of an entity. */
  public static void dropAll(Connection connection, String entityType, String entityId)
      throws SQLException {
    Sql.update(connection, DROP_ALL, entityType, entityId);
  }
}
