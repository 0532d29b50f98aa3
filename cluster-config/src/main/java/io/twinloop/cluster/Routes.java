package io.twinloop.cluster;

import com.typesafe.config.Config;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Failover;
import io.twinloop.entities.workflow.RunJournal;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Endpoint;
import io.twinloop.http.HttpServer;
import io.twinloop.http.HttpSettings;
import io.twinloop.http.PersonalAnswers;
import io.twinloop.http.PersonalReaders;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.http.Router;
import io.twinloop.http.Surface;
import io.twinloop.http.door.Door;
import io.twinloop.http.door.DoorSettings;
import io.twinloop.http.door.PeerAddress;
import io.twinloop.http.identity.Authenticator;
import io.twinloop.http.limits.LimitSettings;
import io.twinloop.http.limits.Limits;
import io.twinloop.http.operations.Availability;
import io.twinloop.http.operations.HealthCheck;
import io.twinloop.http.operations.ManagementServer;
import io.twinloop.http.operations.ManagementSettings;
import io.twinloop.http.operations.OperationsRoutes;
import io.twinloop.integrations.http.EgressHttpClient;
import io.twinloop.projections.Database;
import io.twinloop.projections.ProjectionLag;
import io.twinloop.projections.ProjectionSettings;
import io.twinloop.projections.ProjectionState;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.audit.AuditTrail;
import io.twinloop.projections.bus.BusUnavailableException;
import io.twinloop.projections.bus.EventBus;
import io.twinloop.projections.bus.EventSender;
import io.twinloop.projections.clock.ProductClock;
import io.twinloop.projections.idempotency.JdbcIdempotencyKeys;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.retention.RetentionSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.management.cluster.javadsl.ClusterHttpManagementRoutes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything this node answers over HTTP. */
final class Routes {

  private static final Logger LOG = LoggerFactory.getLogger(Routes.class);
  private static final Duration FORGET_KEYS = Duration.ofMinutes(10);
  private static final Duration ASK_ANOTHER = Duration.ofSeconds(1);

  private final ActorSystem<?> system;
  private final ReadModels readModels;
  private final EventBus bus;
  private final Entities entities;
  private final Workflows workflows;
  private final Projections projections;
  private final PersonalData personalData;
  private final ProductClock clock;
  private final PrometheusMeterRegistry metrics;
  private final CallerLogin login;
  private final PersonalReaders personalReaders;
  private final AuditTrail audit;
  private final Availability availability;
  private final Fence fence;

  Routes(
      ActorSystem<?> system,
      ReadModels readModels,
      EventBus bus,
      EgressHttpClient http,
      Entities entities,
      Workflows workflows,
      Projections projections,
      PersonalData personalData,
      ProductClock clock,
      PrometheusMeterRegistry metrics,
      CallerLogin login,
      NodeAudit audit,
      Membership membership) {
    this.system = system;
    this.readModels = readModels;
    this.bus = bus;
    this.entities = entities;
    this.workflows = workflows;
    this.projections = projections;
    this.personalData = personalData;
    this.clock = clock;
    this.metrics = metrics;
    this.login = login;
    this.personalReaders = PersonalReaders.within(login.scopes());
    this.audit = audit.trail();
    this.fence = new Fence(membership);
    this.availability =
        new Availability(
            List.of(
                new HealthCheck("PostgreSQL", true, this::askPostgres),
                new HealthCheck("The cluster", true, membership::confirmed),
                audit.check(),
                new HealthCheck(bus.name(), false, () -> bus.ping(Duration.ofSeconds(3))),
                EgressWatch.check(http),
                new OutboxWatch(readModels.database(), clock).check(metrics)),
            Clock.systemUTC());
    availability.watch(system);
  }

  private CompletionStage<?> askPostgres() {
    return readModels.database().inTransaction(connection -> connection.isValid(2));
  }

  /** Opens the door for operators' tools, where the settings name one. */
  CompletionStage<Optional<ManagementServer>> manage(Config config) {
    Optional<ManagementSettings> wanted = ManagementSettings.from(config);
    if (wanted.isEmpty()) {
      return CompletableFuture.completedStage(Optional.empty());
    }
    Database database = readModels.database();
    OperationsRoutes operations =
        new OperationsRoutes(
            availability,
            new ProjectionLag(database),
            new ProjectionState(database),
            projections.consumer(),
            metrics);
    Cluster cluster = Cluster.get(system.classicSystem());
    return ManagementServer.start(
            system,
            wanted.get(),
            operations,
            wanted.get().clusterChanges()
                ? ClusterHttpManagementRoutes.all(cluster)
                : ClusterHttpManagementRoutes.readOnly(cluster))
        .thenApply(
            server -> {
              LOG.info("Management endpoints answer at {}", server.address());
              return Optional.of(server);
            });
  }

  CompletionStage<HttpServer> serve(Config config) {
    Database database = readModels.database();
    ReadModelProgress progress = new ReadModelProgress(database);
    HttpSettings settings = HttpSettings.from(config);
    JdbcIdempotencyKeys keys = idempotencyKeys(settings);
    system
        .scheduler()
        .scheduleWithFixedDelay(
            FORGET_KEYS, FORGET_KEYS, () -> forgetExpired(keys), system.executionContext());
    RunJournal runJournal = new RunJournal(system, ProjectionSettings.of(config).queryPlugin());
    Router router =
        new Router(
            endpoints(
                database,
                progress,
                runJournal,
                new EventSender(database, bus, RetentionSettings.of(config).inboxKept())),
            settings,
            login.authenticator(),
            login.scopes(),
            door(config, login.authenticator()),
            system,
            (position, atMost) -> progress.await(position.sequenceNrs(), atMost),
            keys,
            new PersonalAnswers(personalData, personalReaders),
            Routes::foreseen);
    return HttpServer.start(system, settings, router);
  }

  private Door door(Config config, Authenticator authenticator) {
    return new Door(
        new Limits(LimitSettings.from(config), authenticator.requiresLogin()),
        audit,
        new PeerAddress(DoorSettings.from(config).trustedProxies()));
  }

  private List<Endpoint> endpoints(
      Database database, ReadModelProgress progress, RunJournal runJournal, EventSender sender) {
    return new Surface(
            entities,
            workflows,
            runJournal,
            database,
            progress,
            sender,
            projections.deadLetters(),
            projections.delivery(),
            projections.consumer(),
            metrics,
            availability,
            clock,
            login.apiKeys(),
            personalData,
            personalReaders)
        .endpoints().stream()
            .map(endpoint -> endpoint.path().startsWith("/api/") ? fence.guard(endpoint) : endpoint)
            .toList();
  }

  private static void forgetExpired(JdbcIdempotencyKeys keys) {
    var unused = // told in the log; the next time is soon enough
        keys.deleteExpired()
            .whenComplete(
                (deleted, failure) -> {
                  if (failure != null) {
                    LOG.warn("Expired idempotency keys stay for now: {}", failure.toString());
                  }
                });
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
    if (failure instanceof BusUnavailableException) {
      return Optional.of(away(failure.getMessage()));
    }
    if (failure instanceof Database.DatabaseException database && database.isConnectionLost()) {
      return Optional.of(away("PostgreSQL does not answer: " + failure.getMessage()));
    }
    if (failure instanceof Membership.CutOff) {
      return Optional.of(
          Problems.of("cut-off", failure.getMessage()).refuse().retryAfter(ASK_ANOTHER));
    }
    if (failure instanceof Failover.TooManyWaiting) {
      return Optional.of(
          Problems.of("overloaded", failure.getMessage() + "; nothing was changed.")
              .refuse()
              .retryAfter(ASK_ANOTHER));
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
