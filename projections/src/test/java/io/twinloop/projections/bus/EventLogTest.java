package io.twinloop.projections.bus;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.EventQueries.Filter;
import io.twinloop.projections.bus.EventQueries.Place;
import io.twinloop.projections.bus.EventQueries.Recorded;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The history of integration events: written in transactions, read in one order. */
class EventLogTest {

  private static final Filter ALL = new Filter(null, null, null);

  private static ReadModels readModels;
  private static EventQueries queries;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    queries = new EventQueries(readModels.database());
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
  }

  @Test
  void shouldTellEventsInTheOrderTheyWereRecorded() {
    record("c", "a", "b");
    record("d");

    assertThat(ids(Place.BEGINNING)).containsExactly("c", "a", "b", "d");
  }

  @Test
  void shouldGoOnAfterAnyPlace() {
    record("a", "b");
    record("c");
    List<Recorded> all = read(Place.BEGINNING, ALL);

    assertThat(ids(all.get(0).place())).containsExactly("b", "c");
    assertThat(ids(all.get(1).place())).containsExactly("c");
    assertThat(ids(all.get(2).place())).isEmpty();
    assertThat(join(queries.newest())).isEqualTo(all.get(2).place());
  }

  @Test
  void shouldRecordAnEventOnce() {
    record("a");
    record("a", "b");

    assertThat(ids(Place.BEGINNING)).containsExactly("a", "b");
  }

  @Test
  void shouldKeepTheWholeEvent() {
    record("a");

    Recorded recorded = read(Place.BEGINNING, ALL).get(0);
    assertThat(recorded.type()).isEqualTo(Events.TYPE);
    assertThat(recorded.event().get("data")).isEqualTo(Events.event("a").data());
    assertThat(recorded.event().get("correlationid").asText()).isEqualTo("loop-a");
  }

  /** A transaction that begins first and commits last has the lower place: nobody may pass it. */
  @Test
  void shouldNotSkipATransactionThatCommitsLate() throws SQLException {
    record("before");
    try (Connection late = readModels.forProjections().getConnection()) {
      late.setAutoCommit(false);
      EventLog.record(late, Events.event("late"));
      record("overtaking");

      List<Recorded> meanwhile = read(Place.BEGINNING, ALL);
      assertThat(meanwhile).extracting(e -> e.event().get("id").asText()).containsExactly("before");
      late.commit();

      assertThat(ids(meanwhile.get(0).place())).containsExactly("late", "overtaking");
    }
  }

  @Test
  void shouldForgetWhatWasRolledBack() throws SQLException {
    try (Connection connection = readModels.forProjections().getConnection()) {
      connection.setAutoCommit(false);
      EventLog.record(connection, Events.event("never"));
      connection.rollback();
    }
    record("a");

    assertThat(ids(Place.BEGINNING)).containsExactly("a");
  }

  @Test
  void shouldFindByTypeEntityAndLoop() {
    record("a", "b");

    assertThat(read(Place.BEGINNING, new Filter(Events.TYPE, null, null))).hasSize(2);
    assertThat(read(Place.BEGINNING, new Filter("other", null, null))).isEmpty();
    assertThat(read(Place.BEGINNING, new Filter(null, "entity-b", null))).hasSize(1);
    assertThat(read(Place.BEGINNING, new Filter(null, null, "loop-a"))).hasSize(1);
    assertThat(read(Place.BEGINNING, new Filter(Events.TYPE, "entity-b", "loop-a"))).isEmpty();
  }

  @Test
  void shouldKeepTheOrderOverADumpAndRestore() throws SQLException {
    record("b", "a");
    record("c");
    ReadModelSchema.rebase(readModels.forQueries());
    Place newest = join(queries.newest());
    record("d");

    assertThat(ids(Place.BEGINNING)).containsExactly("b", "a", "c", "d");
    assertThat(ids(newest)).containsExactly("d");
  }

  @Test
  void shouldBeginAtTheBeginningWhenNothingIsRecorded() {
    assertThat(join(queries.newest())).isEqualTo(Place.BEGINNING);
  }

  @Test
  void shouldReadAPlaceFromItsText() {
    Place place = new Place("9223372036854775807", 12);

    assertThat(Place.of(place.text())).contains(place);
    assertThat(read(place, ALL)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "7", "7.", ".7", "-1.2", "1.2.3", "x.1", "1.99999999999999999999"})
  void shouldKnowWhatIsNoPlace(String text) {
    assertThat(Place.of(text)).isEqualTo(Optional.empty());
  }

  private static void record(String... ids) {
    join(
        readModels
            .database()
            .inTransaction(
                connection -> {
                  for (String id : ids) {
                    EventLog.record(connection, Events.event(id));
                  }
                  return null;
                }));
  }

  private static List<Recorded> read(Place after, Filter filter) {
    return join(queries.after(after, filter, 100));
  }

  private static List<String> ids(Place after) {
    return read(after, ALL).stream().map(event -> event.event().get("id").asText()).toList();
  }
}
