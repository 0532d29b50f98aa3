package io.twinloop.persistence.r2dbc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.japi.function.Function;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionBehavior;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.eventsourced.javadsl.EventSourcedProvider;
import org.apache.pekko.projection.javadsl.SourceProvider;
import org.apache.pekko.projection.jdbc.JdbcSession;
import org.apache.pekko.projection.jdbc.javadsl.JdbcHandler;
import org.apache.pekko.projection.jdbc.javadsl.JdbcProjection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pekko Projection on this journal: offsets in its own table, and going on where it stopped. */
class ProjectionTest {

  private static final String CONFIG =
      """
      pekko.projection.jdbc {
        dialect = "postgres-dialect"
        blocking-jdbc-dispatcher.thread-pool-executor.fixed-pool-size = 2
      }
      pekko.projection.grouped.group-after-envelopes = 1
      """;

  private PostgresSettings settings;
  private ActorSystem system;

  @BeforeEach
  void start() throws Exception {
    settings = TestPostgres.database();
    TestPostgres.execute(
        settings, "CREATE TABLE seen (n bigint GENERATED ALWAYS AS IDENTITY, event text NOT NULL)");
    system = TestPostgres.system(settings, CONFIG);
    JdbcProjection.createTablesIfNotExists(() -> new Session(settings), Adapter.toTyped(system))
        .toCompletableFuture()
        .get(10, SECONDS);
  }

  @AfterEach
  void stop() {
    TestPostgres.stop(system);
  }

  @Test
  void shouldGoOnFromTheStoredOffsetWithoutLossOrDouble() throws Exception {
    List<String> expected = new ArrayList<>();
    for (int run = 0; run < 3; run++) {
      write("a", 5 * run + 1, 5 * run + 3, expected);
      ActorRef<ProjectionBehavior.Command> projection = project("run" + run);
      awaitSeen(expected);
      write("a", 5 * run + 4, 5 * run + 5, expected);
      awaitSeen(expected);
      projection.tell(ProjectionBehavior.stopMessage());
      stop();
      system = TestPostgres.system(settings, CONFIG);
    }

    assertThat(seen()).isEqualTo(expected);
    assertThat(TestPostgres.rows(settings, "SELECT manifest FROM pekko_projection_offset_store"))
        .containsExactly("91:x");
  }

  private ActorRef<ProjectionBehavior.Command> project(String actor) {
    var typed = Adapter.toTyped(system);
    SourceProvider<Offset, EventEnvelope<String>> events =
        EventSourcedProvider.eventsBySlices(
            typed, PostgresReadJournal.IDENTIFIER, "Thing", 0, 1023);
    return Adapter.spawn(
        system,
        ProjectionBehavior.create(
            JdbcProjection.exactlyOnce(
                ProjectionId.of("seen", "0-1023"),
                events,
                () -> new Session(settings),
                Insert::new,
                typed)),
        actor);
  }

  private static final class Insert extends JdbcHandler<EventEnvelope<String>, Session> {
    @Override
    public void process(Session session, EventEnvelope<String> envelope) throws SQLException {
      try (PreparedStatement insert =
          session.connection.prepareStatement("INSERT INTO seen (event) VALUES (?)")) {
        insert.setString(1, envelope.event());
        insert.executeUpdate();
      }
    }
  }

  private static final class Session implements JdbcSession {
    private final Connection connection;

    Session(PostgresSettings settings) {
      try {
        connection = TestPostgres.connect(settings);
        connection.setAutoCommit(false);
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public <R> R withConnection(Function<Connection, R> work) throws Exception {
      return work.apply(connection);
    }

    @Override
    public void commit() throws SQLException {
      connection.commit();
    }

    @Override
    public void rollback() throws SQLException {
      connection.rollback();
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  private void write(String entity, long from, long to, List<String> expected) throws Exception {
    List<EventRow> events = TestEvents.events(entity, from, to);
    PostgresPersistence.get(system)
        .groupCommit()
        .write(TestEvents.id(entity), events)
        .get(10, SECONDS);
    events.forEach(event -> expected.add(entity + "-" + event.seqNr()));
  }

  private void awaitSeen(List<String> expected) {
    await().untilAsserted(() -> assertThat(seen()).isEqualTo(expected));
  }

  private List<String> seen() {
    return TestPostgres.rows(settings, "SELECT event FROM seen ORDER BY n");
  }
}
