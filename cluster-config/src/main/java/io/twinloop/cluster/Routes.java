package io.twinloop.cluster;

import com.typesafe.config.Config;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.twinloop.entities.Entities;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Endpoint;
import io.twinloop.http.HttpServer;
import io.twinloop.http.HttpSettings;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.http.Router;
import io.twinloop.http.bus.DeadLetterRoutes;
import io.twinloop.http.bus.EventRoutes;
import io.twinloop.http.kpi.KpiRoutes;
import io.twinloop.http.loop.LoopRoutes;
import io.twinloop.http.operations.Availability;
import io.twinloop.http.operations.HealthCheck;
import io.twinloop.http.operations.OperationsRoutes;
import io.twinloop.http.organization.OrgNodeRoutes;
import io.twinloop.http.workflow.TaskRoutes;
import io.twinloop.http.workflow.WorkflowDefinitionRoutes;
import io.twinloop.http.workflow.WorkflowRoutes;
import io.twinloop.projections.Database;
import io.twinloop.projections.ProjectionLag;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.bus.EventQueries;
import io.twinloop.projections.bus.KafkaBus;
import io.twinloop.projections.idempotency.JdbcIdempotencyKeys;
import io.twinloop.projections.kpi.KpiQueries;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.projections.organization.OrgGraph;
import io.twinloop.projections.organization.OrgNodeQueries;
import io.twinloop.projections.workflow.WorkflowQueries;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorSystem;

/** Everything this node answers over HTTP. */
final class Routes {

  private final ActorSystem<?> system;
  private final ReadModels readModels;
  private final KafkaBus bus;
  private final Entities entities;
  private final Workflows workflows;
  private final Projections projections;
  private final Clock clock;
  private final PrometheusMeterRegistry metrics;
  private final Availability availability;

  Routes(
      ActorSystem<?> system,
      ReadModels readModels,
      KafkaBus bus,
      Entities entities,
      Workflows workflows,
      Projections projections,
      Clock clock,
      PrometheusMeterRegistry metrics) {
    this.system = system;
    this.readModels = readModels;
    this.bus = bus;
    this.entities = entities;
    this.workflows = workflows;
    this.projections = projections;
    this.clock = clock;
    this.metrics = metrics;
    this.availability =
        new Availability(
            List.of(
                new HealthCheck("PostgreSQL", true, this::askPostgres),
                new HealthCheck("Kafka", false, () -> bus.ping(Duration.ofSeconds(3)))),
            clock);
  }

  private CompletionStage<?> askPostgres() {
    return readModels.database().inTransaction(connection -> connection.isValid(2));
  }

  CompletionStage<HttpServer> serve(Config config) {
    availability.watch(system);
    Database database = readModels.database();
    ReadModelProgress progress = new ReadModelProgress(database);
    HttpSettings settings = HttpSettings.from(config);
    Router router =
        new Router(
            endpoints(database, progress),
            settings,
            system,
            (position, atMost) -> progress.await(position.sequenceNrs(), atMost),
            idempotencyKeys(settings),
            Routes::foreseen);
    return HttpServer.start(system, settings, router);
  }

  private List<Endpoint> endpoints(Database database, ReadModelProgress progress) {
    OperationsRoutes operations =
        new OperationsRoutes(
            availability, new ProjectionLag(database), projections.consumer(), metrics);
    WorkflowQueries runs = new WorkflowQueries(database);
    List<Endpoint> endpoints = new ArrayList<>(operations.endpoints());
    Stream.of(
            operations.guardedEndpoints(),
            new KpiRoutes(entities, new KpiQueries(database), progress).endpoints(),
            new OrgNodeRoutes(entities, new OrgNodeQueries(database), new OrgGraph(database))
                .endpoints(),
            new WorkflowDefinitionRoutes(workflows, runs).endpoints(),
            new WorkflowRoutes(entities, workflows, runs, progress).endpoints(),
            new TaskRoutes(entities, runs).endpoints(),
            new LoopRoutes(new LoopQueries(database)).endpoints(),
            new EventRoutes(bus, new EventQueries(database)).endpoints(),
            new DeadLetterRoutes(projections.deadLetters(), projections.delivery()).endpoints())
        .flatMap(List::stream)
        .map(availability::guard)
        .forEach(endpoints::add);
    return endpoints;
  }

  private JdbcIdempotencyKeys idempotencyKeys(HttpSettings settings) {
    return new JdbcIdempotencyKeys(
        readModels.forQueries(),
        readModels.threads(),
        clock,
        settings.idempotencyRetention(),
        settings.idempotencyLease());
  }

  /** What other modules throw when something is away. */
  private static Optional<ProblemException> foreseen(Throwable failure) {
    if (failure instanceof KafkaBus.BusUnavailableException) {
      return Optional.of(away(failure.getMessage()));
    }
    if (failure instanceof Database.DatabaseException database && database.isConnectionLost()) {
      return Optional.of(away("PostgreSQL does not answer: " + failure.getMessage()));
    }
    return Optional.empty();
  }

  private static ProblemException away(String sentence) {
    return Problems.of("unavailable", sentence).refuse().retryAfter(Duration.ofSeconds(2));
  }

  /** Waits until everything vital was seen. */
  void awaitReady(Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    while (!availability.isReady() && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
