package io.twinloop.http.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Polarity;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.http.Endpoint;
import io.twinloop.http.PersonalAnswers;
import io.twinloop.http.PersonalReaders;
import io.twinloop.http.TestPersonalData;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.http.personaldata.SubjectRoutes;
import io.twinloop.projections.Database;
import io.twinloop.projections.ProjectionSession;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.Sql;
import io.twinloop.projections.organization.OrgGraph;
import io.twinloop.projections.organization.OrgNodeQueries;
import io.twinloop.projections.organization.OrgNodeReadModel;
import io.twinloop.projections.organization.OrgPictures;
import io.twinloop.projections.organization.OrgQueries;
import io.twinloop.projections.organization.SimulationQueries;
import io.twinloop.projections.organization.SimulationReadModel;
import io.twinloop.projections.organization.SimulationRunner;
import io.twinloop.projections.personaldata.PersonalData;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.persistence.testkit.PersistenceTestKitPlugin;
import org.apache.pekko.persistence.testkit.PersistenceTestKitSnapshotPlugin;
import org.apache.pekko.persistence.testkit.javadsl.PersistenceTestKit;

/**
 * The twin's routes behind a real server, with real entities on a journal in memory and their read
 * model on a real PostgreSQL. The read model follows when it is told to.
 */
final class TwinBench implements AutoCloseable {

  private static final String NODES = "/api/v1/twin/nodes/";

  private final ActorTestKit cluster;
  private final PersistenceTestKit journal;
  private final PostgreSqlServer postgres;
  private final HikariDataSource dataSource;
  private final Database database;
  private final Entities entities;
  private final TestServer server;
  private final OrgPictures pictures;
  private volatile boolean behind;
  private volatile Predicate<String> mayRead = subject -> true;
  private final OrgNodeReadModel readModel = new OrgNodeReadModel();
  private final Map<String, Integer> followed = new HashMap<>();

  TwinBench(Path folder) throws IOException, SQLException {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    HikariConfig login = new HikariConfig();
    login.setJdbcUrl(postgres.jdbcUrl());
    login.setUsername(postgres.user());
    login.setPassword(postgres.password());
    dataSource = new HikariDataSource(login);
    ReadModelSchema.migrate(dataSource);
    cluster = ActorTestKit.create("twin-bench", config());
    journal = PersistenceTestKit.create(cluster.system());
    Cluster.get(cluster.system())
        .manager()
        .tell(Join.create(Cluster.get(cluster.system()).selfMember().address()));
    ClusterSharding sharding = ClusterSharding.get(cluster.system());
    OrgNode.init(sharding, Clock.systemUTC());
    Simulation.init(sharding, Clock.systemUTC());
    Kpi.init(sharding, Clock.systemUTC());
    entities = new Entities(sharding, Duration.ofSeconds(20));
    database = new Database(dataSource, Runnable::run);
    pictures = new OrgPictures(database);
    PersonalData personalData = TestPersonalData.create();
    PersonalReaders readers = caller -> CompletableFuture.completedStage(mayRead);
    List<Endpoint> endpoints =
        new ArrayList<>(
            new OrgNodeRoutes(
                    entities,
                    new OrgNodeQueries(database),
                    new OrgGraph(database),
                    personalData,
                    readers)
                .endpoints());
    endpoints.addAll(
        new SimulationRoutes(
                entities,
                pictures,
                new SimulationQueries(database),
                atMost -> CompletableFuture.completedStage(!behind))
            .endpoints());
    endpoints.addAll(new OrgImportRoutes(entities, personalData).endpoints());
    endpoints.addAll(new OrgQueryRoutes(new OrgQueries(database)).endpoints());
    endpoints.addAll(new SubjectRoutes(entities, personalData).endpoints());
    server =
        TestServer.with(endpoints.toArray(Endpoint[]::new))
            .answering(new PersonalAnswers(personalData, readers))
            .start();
  }

  private static Config config() {
    return ConfigFactory.parseString(
            """
            pekko {
              actor.provider = cluster
              remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
              cluster {
                roles = [entities]
                jmx.multi-mbeans-in-same-jvm = on
                sharding { number-of-shards = 10, waiting-for-state-timeout = 1 s, retry-interval = 100 ms }
              }
              loggers = ["org.apache.pekko.event.slf4j.Slf4jLogger"]
              loglevel = WARNING
            }
            """)
        .withFallback(PersistenceTestKitPlugin.config())
        .withFallback(PersistenceTestKitSnapshotPlugin.config())
        .withFallback(ConfigFactory.load());
  }

  Database database() {
    return database;
  }

  Entities entities() {
    return entities;
  }

  /** Writes into a read model what its projection would have written. */
  void stored(String sql, Object... parameters) {
    join(database.inTransaction(connection -> Sql.update(connection, sql, parameters)));
  }

  /** Takes what was acknowledged of these nodes into the read model. */
  TwinBench follow(String... ids) {
    List<EventEnvelope<OrgNode.Event>> news = new ArrayList<>();
    for (String id : ids) {
      String persistenceId = OrgNode.KEY.name() + "|" + id;
      List<Object> events = journal.persistedInStorage(persistenceId);
      for (int i = followed.getOrDefault(id, 0); i < events.size(); i++) {
        OrgNode.Event event = (OrgNode.Event) events.get(i);
        news.add(
            EventEnvelope.create(
                Offset.sequence(i),
                persistenceId,
                i + 1L,
                event,
                event.at().toEpochMilli(),
                OrgNode.KEY.name(),
                0));
      }
      followed.put(id, events.size());
    }
    ProjectionSession session = new ProjectionSession(dataSource);
    try {
      readModel.process(session, news);
      session.commit();
      session.close();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return this;
  }

  /** Of whom callers may see what is personal from now on. */
  void mayRead(Predicate<String> next) {
    mayRead = next;
  }

  /** What the journal keeps of a node, as text. */
  String stored(String id) {
    return journal.persistedInStorage(OrgNode.KEY.name() + "|" + id).toString();
  }

  Reply erase(String id) {
    return send("POST", "/api/v1/subjects/" + id + "/erase", "");
  }

  /** Lets the organisation's read model be behind for good, or not. */
  void isBehind(boolean next) {
    behind = next;
  }

  /** Takes a node out of the read model, as if it had never been there. */
  void forget(String id) {
    try (Connection connection = dataSource.getConnection()) {
      Sql.update(connection, "DELETE FROM org_node WHERE id = ?", id);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** Computes what a simulation asks, as often as this is called. */
  TwinBench simulate(String id) {
    List<EventEnvelope<Simulation.Event>> events = simulationEvents(id);
    join(new SimulationRunner(pictures, entities).process(events));
    return this;
  }

  /** Takes a simulation into the list. */
  TwinBench followSimulation(String id) {
    ProjectionSession session = new ProjectionSession(dataSource);
    try {
      new SimulationReadModel().process(session, simulationEvents(id));
      session.commit();
      session.close();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return this;
  }

  private List<EventEnvelope<Simulation.Event>> simulationEvents(String id) {
    String persistenceId = Simulation.KEY.name() + "|" + id;
    List<EventEnvelope<Simulation.Event>> envelopes = new ArrayList<>();
    for (Object stored : journal.persistedInStorage(persistenceId)) {
      Simulation.Event event = (Simulation.Event) stored;
      envelopes.add(
          EventEnvelope.create(
              Offset.sequence(envelopes.size()),
              persistenceId,
              envelopes.size() + 1L,
              event,
              event.at().toEpochMilli(),
              Simulation.KEY.name(),
              0));
    }
    return envelopes;
  }

  Reply post(String path, String json, String... headers) {
    return send("POST", "/api/v1/twin/" + path, json, headers);
  }

  /** A node of this type that is there before the test begins. */
  String has(String type, String id) {
    Reply reply = put(id, "{\"type\":\"%s\",\"label\":\"The %s\"}".formatted(type, id));
    if (reply.statusCode() != 201) {
      throw new AssertionError(reply);
    }
    return id;
  }

  /** A KPI that is there before the test begins. */
  String hasKpi(String id) {
    KpiDefinition definition =
        new KpiDefinition(
            "Speed",
            "1/h",
            null,
            Polarity.HIGHER_BETTER,
            null,
            null,
            null,
            null,
            null,
            DetectorSpec.DEFAULT);
    join(
        entities.<Kpi.Command, Kpi.Reply>ask(
            Kpi.KEY,
            id,
            replyTo ->
                new Kpi.Define(definition, null, new Cause(null, "request-1", "ada"), replyTo)));
    return id;
  }

  Reply put(String id, String json, String... headers) {
    return send("PUT", NODES + id, json, headers);
  }

  Reply patch(String id, String json, String... headers) {
    return send("PATCH", NODES + id, json, headers);
  }

  Reply delete(String path, String... headers) {
    return send("DELETE", NODES + path, "", headers);
  }

  /** Imports a body of this type; with headers by name and value. */
  Reply load(String query, String contentType, byte[] body, String... headers) {
    var request =
        server
            .request("/api/v1/twin/import" + query)
            .timeout(Duration.ofMinutes(5))
            .POST(BodyPublishers.ofByteArray(body))
            .header("Content-Type", contentType);
    return server.send(headers.length == 0 ? request : request.headers(headers));
  }

  /** Imports lines of JSON; the summary. */
  JsonNode load(String... lines) {
    return TestServer.json(
        load(
            "", "application/x-ndjson", String.join("\n", lines).getBytes(StandardCharsets.UTF_8)));
  }

  Reply relate(String id, String relation, String targetId) {
    return relate(id, relation, targetId, "");
  }

  Reply relate(String id, String relation, String targetId, String json, String... headers) {
    return send("PUT", NODES + id + "/relations/" + relation + "/" + targetId, json, headers);
  }

  Reply get(String path) {
    return server.get("/api/v1/twin/" + path);
  }

  /** The body of an answer that has to be 200. */
  JsonNode read(String path) {
    Reply reply = get(path);
    if (reply.statusCode() != 200) {
      throw new AssertionError(reply);
    }
    return TestServer.json(reply);
  }

  private Reply send(String method, String path, String json, String... headers) {
    var request = server.request(path).method(method, BodyPublishers.ofString(json));
    if (!json.isEmpty()) {
      request.header("Content-Type", "application/json");
    }
    return server.send(headers.length == 0 ? request : request.headers(headers));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    server.close();
    cluster.shutdownTestKit();
    dataSource.close();
    postgres.close();
  }
}
