package io.twinloop.projections.process;

import io.twinloop.domain.process.CaseChunk;
import io.twinloop.domain.process.CaseEvent;
import io.twinloop.domain.process.LogFigures;
import io.twinloop.domain.process.LogFigures.ActivityCount;
import io.twinloop.domain.process.LogFigures.Pair;
import io.twinloop.domain.process.LogFigures.PairCount;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.Sql;
import io.twinloop.projections.Timers;
import io.twinloop.projections.bus.EventLog;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopWriter;
import io.twinloop.serialization.IntegrationEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/**
 * Cases with their events, and the counts of their processes: a case that changes is taken out of
 * them as it was and put in as it is. Rows of all tables are written in order of their keys, so
 * that two slice ranges of one process wait for each other, but never in a circle.
 */
public final class ProcessCaseReadModel extends ReadModel<ProcessCase.Event> {

  /** The timer of a case that has to be judged while it is open. */
  static final String SLA_TIMER = "sla";

  /** Primary key; nobody else writes these rows, since a case belongs to one slice range. */
  private static final String READ =
      """
      SELECT process_id, entity_id, case_id, open, live, breached_at, packed FROM process_case
      WHERE (process_id, entity_id) IN (SELECT * FROM unnest(?, ?))
      """;

  /** Primary key. */
  private static final String WRITE =
      """
      INSERT INTO process_case (process_id, entity_id, case_id, started_at, ended_at,
        length_micros, open, live, breached_at, events, packed)
      SELECT process_id, entity_id, case_id, started_at, ended_at, length_micros,
        open <> 0, live <> 0, breached_at, events, packed
      FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS c (process_id, entity_id, case_id,
        started_at, ended_at, length_micros, open, live, breached_at, events, packed)
      ON CONFLICT (process_id, entity_id) DO UPDATE SET started_at = EXCLUDED.started_at,
        ended_at = EXCLUDED.ended_at, length_micros = EXCLUDED.length_micros,
        open = EXCLUDED.open, live = EXCLUDED.live, breached_at = EXCLUDED.breached_at,
        events = EXCLUDED.events, packed = EXCLUDED.packed
      """;

  /** Primary key. */
  private static final String COUNT_ACTIVITIES =
      """
      INSERT INTO process_activity AS a (process_id, activity, count, firsts, lasts)
      SELECT ?, * FROM unnest(?, ?, ?, ?)
      ON CONFLICT (process_id, activity) DO UPDATE SET count = a.count + EXCLUDED.count,
        firsts = a.firsts + EXCLUDED.firsts, lasts = a.lasts + EXCLUDED.lasts
      """;

  /** Primary key. */
  private static final String COUNT_PAIRS =
      """
      INSERT INTO process_pair AS p (process_id, from_activity, to_activity, count, wait_millis)
      SELECT ?, * FROM unnest(?, ?, ?, ?)
      ON CONFLICT (process_id, from_activity, to_activity) DO UPDATE SET
        count = p.count + EXCLUDED.count, wait_millis = p.wait_millis + EXCLUDED.wait_millis
      """;

  /** Primary key. */
  private static final String COUNT_VARIANTS =
      """
      INSERT INTO process_variant AS v (process_id, variant, cases)
      SELECT ?, * FROM unnest(?, ?)
      ON CONFLICT (process_id, variant) DO UPDATE SET cases = v.cases + EXCLUDED.cases
      """;

  /** Primary key. */
  private static final String COUNT =
      """
      INSERT INTO process AS p (id, cases, closed, breached, events, revision)
      VALUES (?, ?, ?, ?, ?, 1)
      ON CONFLICT (id) DO UPDATE SET cases = p.cases + EXCLUDED.cases,
        closed = p.closed + EXCLUDED.closed, breached = p.breached + EXCLUDED.breached,
        events = p.events + EXCLUDED.events, revision = p.revision + 1
      """;

  /** The key of a case. */
  private record Key(String processId, String entityId) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int process = processId.compareTo(other.processId);
      return process == 0 ? entityId.compareTo(other.entityId) : process;
    }
  }

  /** A case while a group of events is taken in. */
  private static final class Row {
    final String caseId;
    final List<CaseEvent> before;
    List<CaseEvent> events;
    boolean open;
    boolean live;
    @Nullable Instant breachedAt;
    final boolean wasKnown;
    final boolean wasOpen;
    final boolean wasBreached;

    Row(
        String caseId,
        boolean known,
        List<CaseEvent> events,
        boolean open,
        boolean live,
        @Nullable Instant breachedAt) {
      this.caseId = caseId;
      this.before = events;
      this.events = events;
      this.open = open;
      this.live = live;
      this.breachedAt = breachedAt;
      this.wasKnown = known;
      this.wasOpen = open;
      this.wasBreached = breachedAt != null;
    }

    static Row unknown(String caseId) {
      return new Row(caseId, false, List.of(), true, false, null);
    }

    void take(List<CaseEvent> more) {
      List<CaseEvent> all = new ArrayList<>(events);
      all.addAll(more);
      all.sort(CaseEvent.IN_TIME); // stable: at the same instant the earlier told stays first
      events = all;
    }

    Instant startedAt() {
      return events.get(0).at();
    }

    Instant endedAt() {
      return events.get(events.size() - 1).at();
    }
  }

  /** What a group changes in one process. */
  private static final class Change {
    final LogFigures figures = new LogFigures();
    long cases;
    long closed;
    long breached;
    long events;
  }

  @Override
  protected void write(Connection connection, List<EventEnvelope<ProcessCase.Event>> envelopes)
      throws SQLException {
    Map<Key, Row> rows = read(connection, envelopes);
    List<LoopChange> changes = new ArrayList<>();
    for (EventEnvelope<ProcessCase.Event> envelope : envelopes) {
      ProcessCase.Event event = envelope.event();
      String entityId = entityId(envelope);
      Row row =
          rows.computeIfAbsent(
              new Key(event.processId(), entityId), key -> Row.unknown(event.caseId()));
      if (event instanceof ProcessCase.EventsTaken taken) {
        row.take(taken.events());
        row.open = !taken.ended();
        row.live = taken.live();
        setTimer(connection, entityId, taken.dueAt());
      } else if (event instanceof ProcessCase.ServiceLevelChanged changed) {
        setTimer(connection, entityId, changed.dueAt());
      } else if (event instanceof ProcessCase.SlaBreached breached) {
        row.breachedAt = breached.at();
        setTimer(connection, entityId, null);
      }
      for (IntegrationEvent sent : ProcessCaseEvents.of(envelope)) {
        EventLog.record(connection, sent);
      }
      changes.addAll(ProcessLoopChanges.ofCase(envelope));
    }
    writeCases(connection, rows);
    count(connection, rows);
    LoopWriter.write(connection, changes);
  }

  private static Map<Key, Row> read(
      Connection connection, List<EventEnvelope<ProcessCase.Event>> envelopes) throws SQLException {
    TreeMap<Key, Row> rows = new TreeMap<>();
    List<Key> keys =
        envelopes.stream()
            .map(envelope -> new Key(envelope.event().processId(), entityId(envelope)))
            .distinct()
            .toList();
    Sql.list(
            connection,
            READ,
            row ->
                Map.entry(
                    new Key(row.getString("process_id"), row.getString("entity_id")),
                    new Row(
                        row.getString("case_id"),
                        true,
                        CaseChunk.unpack(row.getBytes("packed")),
                        row.getBoolean("open"),
                        row.getBoolean("live"),
                        Sql.instant(row, "breached_at"))),
            Sql.texts(connection, keys.stream().map(Key::processId).toList()),
            Sql.texts(connection, keys.stream().map(Key::entityId).toList()))
        .forEach(entry -> rows.put(entry.getKey(), entry.getValue()));
    return rows;
  }

  private static void setTimer(Connection connection, String entityId, @Nullable Instant dueAt)
      throws SQLException {
    if (dueAt == null) {
      Timers.dropAll(connection, ProcessCase.KEY.name(), entityId);
    } else {
      Timers.set(connection, ProcessCase.KEY.name(), entityId, SLA_TIMER, dueAt);
    }
  }

  private static void writeCases(Connection connection, Map<Key, Row> rows) throws SQLException {
    List<Row> cases = List.copyOf(rows.values());
    Sql.update(
        connection,
        WRITE,
        Sql.texts(connection, rows.keySet().stream().map(Key::processId).toList()),
        Sql.texts(connection, rows.keySet().stream().map(Key::entityId).toList()),
        Sql.texts(connection, cases.stream().map(row -> row.caseId).toList()),
        Sql.instants(connection, cases.stream().map(Row::startedAt).toList()),
        Sql.instants(connection, cases.stream().map(Row::endedAt).toList()),
        Sql.longs(
            connection,
            cases.stream()
                .map(row -> Duration.between(row.startedAt(), row.endedAt()).toNanos() / 1_000)
                .toList()),
        Sql.longs(connection, cases.stream().map(row -> row.open ? 1L : 0L).toList()),
        Sql.longs(connection, cases.stream().map(row -> row.live ? 1L : 0L).toList()),
        Sql.instants(connection, cases.stream().map(row -> row.breachedAt).toList()),
        Sql.longs(connection, cases.stream().map(row -> (long) row.events.size()).toList()),
        Sql.bytes(connection, cases.stream().map(row -> CaseChunk.pack(row.events)).toList()));
  }

  private static void count(Connection connection, Map<Key, Row> rows) throws SQLException {
    Map<String, Change> processes = new TreeMap<>();
    rows.forEach(
        (key, row) -> {
          Change change = processes.computeIfAbsent(key.processId(), id -> new Change());
          if (row.events.size() != row.before.size()) {
            change.figures.remove(row.before);
            change.figures.add(row.events);
          }
          change.cases += row.wasKnown ? 0 : 1;
          change.closed += (row.open ? 0 : 1) - (row.wasOpen ? 0 : 1);
          change.breached += row.breachedAt != null && !row.wasBreached ? 1 : 0;
          change.events += row.events.size() - row.before.size();
        });
    for (Map.Entry<String, Change> process : processes.entrySet()) {
      String id = process.getKey();
      Change change = process.getValue();
      countActivities(connection, id, change.figures);
      countPairs(connection, id, change.figures);
      countVariants(connection, id, change.figures);
      Sql.update(
          connection, COUNT, id, change.cases, change.closed, change.breached, change.events);
    }
  }

  private static void countActivities(Connection connection, String processId, LogFigures figures)
      throws SQLException {
    List<Map.Entry<String, ActivityCount>> moved =
        figures.activities().entrySet().stream()
            .filter(entry -> !entry.getValue().isZero())
            .toList();
    Sql.update(
        connection,
        COUNT_ACTIVITIES,
        processId,
        Sql.texts(connection, moved.stream().map(Map.Entry::getKey).toList()),
        Sql.longs(connection, moved.stream().map(entry -> entry.getValue().count()).toList()),
        Sql.longs(connection, moved.stream().map(entry -> entry.getValue().firsts()).toList()),
        Sql.longs(connection, moved.stream().map(entry -> entry.getValue().lasts()).toList()));
  }

  private static void countPairs(Connection connection, String processId, LogFigures figures)
      throws SQLException {
    List<Map.Entry<Pair, PairCount>> moved =
        figures.pairs().entrySet().stream().filter(entry -> !entry.getValue().isZero()).toList();
    Sql.update(
        connection,
        COUNT_PAIRS,
        processId,
        Sql.texts(connection, moved.stream().map(entry -> entry.getKey().from()).toList()),
        Sql.texts(connection, moved.stream().map(entry -> entry.getKey().to()).toList()),
        Sql.longs(connection, moved.stream().map(entry -> entry.getValue().count()).toList()),
        Sql.longs(connection, moved.stream().map(entry -> entry.getValue().waitMillis()).toList()));
  }

  private static void countVariants(Connection connection, String processId, LogFigures figures)
      throws SQLException {
    List<Map.Entry<String, Long>> moved =
        figures.variants().entrySet().stream().filter(entry -> entry.getValue() != 0).toList();
    Sql.update(
        connection,
        COUNT_VARIANTS,
        processId,
        Sql.texts(connection, moved.stream().map(Map.Entry::getKey).toList()),
        Sql.longs(connection, moved.stream().map(Map.Entry::getValue).toList()));
  }
}
