package io.twinloop.multijvm.chaos;

import io.twinloop.multijvm.chaos.Findings.Kind;
import io.twinloop.multijvm.chaos.History.Request;
import io.twinloop.multijvm.chaos.StoredHistory.Place;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import javax.sql.DataSource;

/**
 * Compares what callers were told with what is stored and shown, once everything has settled.
 *
 * <p>An acknowledged write is in the journal exactly once, an unanswered one at most once, a
 * refused one never. Writes to one entity that did not overlap stand in the journal in the order in
 * which they were made, and nobody was shown a state older than one acknowledged before he asked.
 * Read models follow from the journal, every event came to the bus, every episode has its workflow
 * and every loop is closed.
 */
public final class HistoryChecker {

  /** Numbers of an entity's events without a gap, and its writers one after the other. */
  private static final String BROKEN_ENTITIES =
      """
      SELECT persistence_id, count(*) AS events, min(seq_nr) AS first, max(seq_nr) AS last,
        count(DISTINCT writer) AS writers, sum(turn) + 1 AS turns
      FROM (
        SELECT persistence_id, seq_nr, writer,
          CASE WHEN writer <> lag(writer) OVER (PARTITION BY persistence_id ORDER BY seq_nr)
            THEN 1 ELSE 0 END AS turn
        FROM event_journal) journal
      GROUP BY persistence_id
      HAVING count(*) <> max(seq_nr) OR min(seq_nr) <> 1 OR count(DISTINCT writer) <> sum(turn) + 1
      """;

  /**
   * A loop may have more than one: a late sample can divide an episode, and what a workflow
   * measures is told in its loop.
   */
  private static final String EPISODES_WITHOUT_THEIR_WORKFLOW =
      """
      SELECT 'loop ' || correlation_id || ' of ' || kpi_id || ' has ' || episodes
        || ' live episodes and ' || workflows || ' workflows'
      FROM (
        SELECT correlation_id, min(kpi_id) AS kpi_id, count(*) AS episodes,
          (SELECT count(*) FROM workflow w WHERE w.correlation_id = e.correlation_id) AS workflows
        FROM kpi_episode e WHERE live GROUP BY correlation_id) loops
      WHERE episodes <> workflows
      """;

  private static final String OPEN_LOOPS =
      "SELECT correlation_id || ' of ' || entity_id FROM loop WHERE episodes > 0 AND state <> 'closed'";

  private static final String DEAD_LETTERS =
      "SELECT event_type || ' ' || event_id || ': ' || error FROM dead_letter";

  private static final String COMPLETED_TASKS = "SELECT id FROM task WHERE state = 'completed'";

  private static final String SENT_EVENTS = "SELECT id FROM integration_event";

  private static final String EVENTS_WITH_THEIR_EFFECT = "SELECT event_id FROM inbox";

  private static final String HEADCOUNTS =
      """
      SELECT id, (properties ->> 'headcount')::int AS headcount FROM org_node
      WHERE valid_until IS NULL AND properties ->> 'headcount' IS NOT NULL
      """;

  private static final Set<History.Kind> WRITES =
      Set.of(History.Kind.NOTE, History.Kind.SAMPLE, History.Kind.ONBOARD);

  private final History history;
  private final String postgresUrl;
  private final String kafkaBootstrap;
  private final boolean topicsMadeAnew;
  private final Findings findings = new Findings();
  private long eventsStored;

  /**
   * @param topicsMadeAnew what had its effect may have gone with its topic
   */
  public HistoryChecker(
      History history, String postgresUrl, String kafkaBootstrap, boolean topicsMadeAnew) {
    this.history = history;
    this.postgresUrl = postgresUrl;
    this.kafkaBootstrap = kafkaBootstrap;
    this.topicsMadeAnew = topicsMadeAnew;
  }

  /** Checks everything. Nothing may be under way meanwhile. */
  public Findings check() {
    StoredHistory stored = StoredHistory.read(postgresUrl);
    eventsStored = stored.events();
    everyWriteIsThere(stored);
    ordersAreOnesThatCouldHaveBeen(stored);
    nobodySawThePast(stored);
    answersAreOnesThatMayBe();
    try {
      DataSource shown = StoredHistory.dataSource(postgresUrl);
      ReadModelComparison.differences(shown, stored.replayed())
          .forEach(difference -> findings.add(Kind.READ_MODEL, difference));
      try (Connection connection = shown.getConnection();
          Connection replayed = stored.replayed().getConnection()) {
        entitiesHaveOneWriterAtATime(connection);
        loopsAreClosed(connection);
        tasksAreCompleted(connection);
        peopleAreCountedOnce(connection);
        eventsCameToTheBus(connection, replayed);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("What is stored can't be read", e);
    }
    return findings;
  }

  /** How many events {@link #check()} found in the journal. */
  public long eventsStored() {
    return eventsStored;
  }

  private void everyWriteIsThere(StoredHistory stored) {
    for (Request request : history.requests()) {
      if (!WRITES.contains(request.kind())) {
        continue;
      }
      List<Place> places = places(stored, request);
      if (request.isAcknowledged() && places.isEmpty()) {
        findings.add(Kind.LOST, "%s was acknowledged and is not stored".formatted(name(request)));
      }
      if (places.size() > 1) {
        findings.add(
            Kind.DOUBLED,
            "%s is stored %d times: %s".formatted(name(request), places.size(), places));
      }
      if (request.outcome() == History.Outcome.REFUSED
          && request.kind() == History.Kind.NOTE
          && !places.isEmpty()) {
        findings.add(
            Kind.INVENTED,
            "%s was refused (%d) and is stored".formatted(name(request), request.status()));
      }
      for (Place place : places) {
        if (!place.entity().equals(request.entity())) {
          findings.add(Kind.INVENTED, "%s is stored in %s".formatted(name(request), place));
        }
      }
    }
  }

  private static List<Place> places(StoredHistory stored, Request request) {
    return switch (request.kind()) {
      case NOTE -> stored.changesOf(request.id());
      case SAMPLE -> stored.samplesOf(request.id());
      case ONBOARD -> stored.adjustmentsOf(request.id());
      case READ, TASK -> List.of();
    };
  }

  /** A write and where it stands. */
  private record Stored(Request request, long number) {}

  /** An onboarding is acknowledged before it has its effect, so it has no place in this order. */
  private void ordersAreOnesThatCouldHaveBeen(StoredHistory stored) {
    Map<String, NavigableMap<Long, Request>> byEntity = new HashMap<>();
    for (Request request : history.requests()) {
      if (request.kind() == History.Kind.NOTE || request.kind() == History.Kind.SAMPLE) {
        for (Place place : places(stored, request)) {
          byEntity
              .computeIfAbsent(place.entity(), first -> new TreeMap<>())
              .put(place.number(), request);
        }
      }
    }
    byEntity.values().forEach(this::orderCouldHaveBeen);
  }

  private void orderCouldHaveBeen(NavigableMap<Long, Request> inJournal) {
    Stored earliestEnd = null;
    for (Map.Entry<Long, Request> entry : inJournal.descendingMap().entrySet()) {
      Request request = entry.getValue();
      if (earliestEnd != null && earliestEnd.request().ended() < request.sent()) {
        findings.add(
            Kind.DISORDER,
            "%s is event %d, before %s with %d, which was acknowledged before it was sent"
                .formatted(
                    name(request),
                    entry.getKey(),
                    name(earliestEnd.request()),
                    earliestEnd.number()));
      }
      if (request.isAcknowledged()
          && (earliestEnd == null || request.ended() < earliestEnd.request().ended())) {
        earliestEnd = new Stored(request, entry.getKey());
      }
    }
  }

  private void nobodySawThePast(StoredHistory stored) {
    Map<String, Stored> notes = new HashMap<>();
    Map<String, List<Stored>> acknowledged = new HashMap<>();
    for (Request request : history.requests()) {
      if (request.kind() == History.Kind.NOTE && !places(stored, request).isEmpty()) {
        Stored note = new Stored(request, places(stored, request).get(0).number());
        notes.put(request.id(), note);
        if (request.isAcknowledged()) {
          acknowledged.computeIfAbsent(request.entity(), first -> new ArrayList<>()).add(note);
        }
      }
    }
    for (Request read : history.requests()) {
      if (read.kind() == History.Kind.READ && read.isAcknowledged()) {
        check(read, notes, acknowledged.getOrDefault(read.entity(), List.of()));
      }
    }
  }

  private void check(Request read, Map<String, Stored> notes, List<Stored> acknowledged) {
    Stored seen = notes.get(read.seen());
    if (!read.seen().isEmpty() && seen == null) {
      findings.add(
          Kind.STALE_READ, "%s saw %s, which is not stored".formatted(name(read), read.seen()));
      return;
    }
    long number = seen == null ? 0 : seen.number();
    for (Stored note : acknowledged) {
      if (note.request().ended() < read.sent() && note.number() > number) {
        findings.add(
            Kind.STALE_READ,
            "%s saw event %d, though event %d (%s) had been acknowledged before it asked"
                .formatted(name(read), number, note.number(), name(note.request())));
        return;
      }
    }
    if (seen != null && seen.request().sent() > read.ended()) {
      findings.add(
          Kind.STALE_READ, "%s saw %s before it was sent".formatted(name(read), read.seen()));
    }
  }

  /**
   * Trouble is answered with 503; any other 5xx is a mistake, and so is a refusal of what is sound.
   */
  private void answersAreOnesThatMayBe() {
    for (Request request : history.requests()) {
      boolean sound = request.kind() != History.Kind.TASK;
      if ((request.status() >= 500 && request.status() != 503)
          || (sound && request.outcome() == History.Outcome.REFUSED)) {
        findings.add(
            Kind.ANSWER,
            "%s was answered %d: %s".formatted(name(request), request.status(), request.seen()));
      }
    }
  }

  private void entitiesHaveOneWriterAtATime(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(BROKEN_ENTITIES)) {
      while (rows.next()) {
        findings.add(
            Kind.DISORDER,
            "%s has %d events from %d to %d, by %d writers in %d turns"
                .formatted(
                    rows.getString("persistence_id"),
                    rows.getLong("events"),
                    rows.getLong("first"),
                    rows.getLong("last"),
                    rows.getLong("writers"),
                    rows.getLong("turns")));
      }
    }
  }

  private void loopsAreClosed(Connection connection) throws SQLException {
    texts(connection, EPISODES_WITHOUT_THEIR_WORKFLOW)
        .forEach(loop -> findings.add(Kind.OPEN_LOOP, loop));
    texts(connection, OPEN_LOOPS)
        .forEach(loop -> findings.add(Kind.OPEN_LOOP, "loop " + loop + " is not closed"));
  }

  private void tasksAreCompleted(Connection connection) throws SQLException {
    Set<String> completed = Set.copyOf(texts(connection, COMPLETED_TASKS));
    for (Request request : history.requests()) {
      if (request.kind() == History.Kind.TASK
          && request.isAcknowledged()
          && !completed.contains(request.id())) {
        findings.add(Kind.LOST, "the completion of task %s".formatted(request.id()));
      }
    }
  }

  private void peopleAreCountedOnce(Connection connection) throws SQLException {
    Map<String, Integer> surely = new HashMap<>();
    Map<String, Integer> perhaps = new HashMap<>();
    for (Request request : history.requests()) {
      if (request.kind() == History.Kind.ONBOARD) {
        Map<String, Integer> counts = request.isAcknowledged() ? surely : perhaps;
        counts.merge(request.entity(), 1, Integer::sum);
      }
    }
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(HEADCOUNTS)) {
      while (rows.next()) {
        String unit = "OrgNode|" + rows.getString("id");
        int headcount = rows.getInt("headcount");
        int least = surely.getOrDefault(unit, 0);
        int most = least + perhaps.getOrDefault(unit, 0);
        if (headcount < least || headcount > most) {
          findings.add(
              headcount < least ? Kind.LOST : Kind.DOUBLED,
              "%s has a headcount of %d, but from %d to %d people joined"
                  .formatted(unit, headcount, least, most));
        }
      }
    }
  }

  private void eventsCameToTheBus(Connection connection, Connection replayed) throws SQLException {
    Set<String> bus = new HashSet<>(BusContent.read(kafkaBootstrap).keySet());
    if (topicsMadeAnew) {
      bus.addAll(texts(connection, EVENTS_WITH_THEIR_EFFECT));
    }
    Set<String> logged = Set.copyOf(texts(connection, SENT_EVENTS));
    for (String id : texts(replayed, SENT_EVENTS)) {
      if (!bus.contains(id)) {
        findings.add(
            Kind.BUS, "event %s follows from the journal and is not on Kafka".formatted(id));
      }
      if (!logged.contains(id)) {
        findings.add(Kind.READ_MODEL, "event %s is not in the history of events".formatted(id));
      }
    }
    for (Request request : history.requests()) {
      if (request.kind() == History.Kind.ONBOARD
          && request.isAcknowledged()
          && !bus.contains(request.id())) {
        findings.add(Kind.BUS, "event %s was taken and is not on Kafka".formatted(request.id()));
      }
    }
    texts(connection, DEAD_LETTERS)
        .forEach(letter -> findings.add(Kind.BUS, "dead letter " + letter));
  }

  private static List<String> texts(Connection connection, String query) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
    }
    return texts;
  }

  private static String name(Request request) {
    return "%s %s of %s".formatted(request.kind(), request.id(), request.entity());
  }
}
