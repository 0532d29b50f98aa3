package io.twinloop.projections.retention;

/** Rows that are deleted by their age. The journal's own are never among them. */
enum AgingRows {
  /** Index integration_event_by_time. */
  EVENTS("events", "integration_event", "time"),
  /** Index org_node_history_by_time. */
  HISTORY("history", "org_node_history", "at"),
  /** Index inbox_by_time. */
  INBOX("inbox", "inbox", "handled_at"),
  /** Index dead_letter_by_time. */
  DEAD_LETTERS("dead-letters", "dead_letter", "at"),
  /** Index outbox_by_time. What still waits to be sent stays. */
  OUTBOX("outbox", "outbox", "at");

  private final String settingName;
  private final String table;
  private final String time;

  AgingRows(String settingName, String table, String time) {
    this.settingName = settingName;
    this.table = table;
    this.time = time;
  }

  /** Under {@code twinloop.retention}, and in metrics. */
  String settingName() {
    return settingName;
  }

  /** Whether the rows carry the machines' time, not the product's. */
  boolean isOfTheMachine() {
    return this == INBOX;
  }

  /** Deletes some rows from before an instant: instant, how many at most. */
  String delete() {
    return """
        DELETE FROM %1$s WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM %1$s WHERE %2$s < ? AND %3$s LIMIT ? FOR UPDATE SKIP LOCKED))
        """
        .formatted(table, time, this == OUTBOX ? "ended_at IS NOT NULL" : "TRUE");
  }
}
