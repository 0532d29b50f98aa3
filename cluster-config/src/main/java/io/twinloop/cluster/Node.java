package io.twinloop.cluster;

import com.typesafe.config.Config;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.domain.workflow.HttpCalls;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Failover;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.kpi.KpiReadings;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.entities.workflow.Outside;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.HttpServer;
import io.twinloop.http.operations.ManagementServer;
import io.twinloop.integrations.http.EgressHttpCalls;
import io.twinloop.integrations.http.EgressHttpClient;
import io.twinloop.integrations.http.EgressSettings;
import io.twinloop.integrations.outbound.OutboxSender;
import io.twinloop.integrations.outbound.SenderSettings;
import io.twinloop.integrations.outbound.Transports;
import io.twinloop.integrations.secrets.SiteSecrets;
import io.twinloop.persistence.r2dbc.PostgresPersistence;
import io.twinloop.persistence.r2dbc.PostgresRefusal;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import io.twinloop.persistence.r2dbc.RestoreCheck;
import io.twinloop.persistence.r2dbc.Schema;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.bus.BusRefusedException;
import io.twinloop.projections.bus.EventBus;
import io.twinloop.projections.clock.ProductClock;
import io.twinloop.projections.cluster.LiveMembers;
import io.twinloop.projections.outbound.JdbcOutbox;
import io.twinloop.projections.personaldata.JdbcSubjectKeys;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.personaldata.PersonalDataSettings;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node: reads as the list of what it runs, in the order it is started; it stops in the opposite
 * order.
 */
final class Node implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Node.class);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(20);

  private static final Duration LONGEST_START = Duration.ofSeconds(60);

  private static final Duration FOLLOW_CLOCK = Duration.ofMillis(500);

  private final Config config;
  private final NodeSettings settings;
  private final PersonalDataSettings personal;
  private final ProductClock clock;
  private final Deque<Stop> stops = new ArrayDeque<>();
  private final Runnable lost;
  private volatile boolean closing;
  private String url = "";

  private Node(Config config, Runnable lost) {
    this.config = config;
    this.lost = lost;
    this.settings = NodeSettings.of(config);
    this.personal = PersonalDataSettings.of(config);
    this.clock = new ProductClock(Clock.systemUTC(), settings.movableClock());
  }

  /** Something that was started, and how it stops. */
  private record Stop(String what, Callable<?> how) {}

  /**
   * Starts a node; returns when it answers. What was started is stopped again on failure.
   *
   * @param lost called when the cluster has gone on without this node: it must be started anew
   */
  static Node start(Config config, Runnable lost) throws Exception {
    SettingsCheck.read(config);
    Node node = new Node(config, lost);
    try {
      node.run();
      return node;
    } catch (Exception e) {
      node.close();
      throw e;
    }
  }

  /** Where it answers. */
  String url() {
    return url;
  }

  private void run() throws Exception {
    Config secured = Remoting.secured(config, Instant.now());
    PostgresSettings postgres = PostgresSettings.read(config);
    ReadModels readModels =
        ReadModels.open(postgres.jdbcUrl(), postgres.user(), postgres.password(), config);
    stops.push(new Stop("read models", closing(readModels)));
    EventBus bus = EventBus.open(config);
    stops.push(new Stop("bus", closing(bus)));
    Patience patience = new Patience(settings.dependenciesTimeout());
    patience.await(
        "PostgreSQL at %s:%d".formatted(postgres.host(), postgres.port()),
        () -> {
          try {
            Schema.migrate(postgres);
          } catch (FlywayException e) {
            throw PostgresRefusal.of(postgres, e).<RuntimeException>map(CannotStart::new).orElse(e);
          }
          RestoreCheck.verify(postgres);
          ReadModelSchema.migrate(readModels.forQueries());
          await(clock.follow(readModels.database()));
        });
    PersonalData personalData = personalData(readModels.database());
    patience.await(
        bus.name() + " at " + bus.address(),
        () -> {
          try {
            bus.prepare();
          } catch (BusRefusedException e) {
            throw new CannotStart(e.getMessage());
          }
        });

    PrometheusMeterRegistry metrics = metrics();
    EgressHttpClient http = new EgressHttpClient(EgressSettings.from(config), Clock.systemUTC());
    EgressWatch.measure(http, metrics);
    // Ends after the entities: a call cut off before them would be written down as one that failed.
    stops.push(new Stop("outbound calls", closing(http)));
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "twinloop", secured);
    Joining joining = new Joining(system, settings.seeds(), new LiveMembers(readModels.database()));
    stops.push(
        new Stop(
            "actor system",
            () -> {
              shutdown(system);
              joining.left();
              return null;
            }));
    Membership membership = startMembership(system);
    // Entities and projections are there before the node joins: from then on the others give it a
    // share of them, and write who has which to all members.
    Entities entities = startEntities(system, new EgressHttpCalls(http, SiteSecrets.from(config)));
    Workflows workflows = new Workflows(entities);
    Projections projections =
        new Projections(
            system, config, readModels, bus, entities, workflows, personalData, clock, metrics);
    stops.push(new Stop("projections", () -> await(projections.stop())));
    if (settings.has("projections")) {
      projections.start();
    }
    CallerLogin login = new CallerLogin(config, readModels.database(), clock);
    stops.push(new Stop("login", closing(login)));
    NodeAudit audit = NodeAudit.start(system, config, readModels, metrics);
    stops.push(new Stop("audit", closing(audit)));
    Routes routes =
        new Routes(
            system,
            readModels,
            bus,
            http,
            entities,
            workflows,
            projections,
            personalData,
            clock,
            metrics,
            login,
            audit,
            membership);
    CompletableFuture<Void> warm = new WarmUp(system, clock).run();
    patience.await("The journal", () -> await(warm));
    PostgresPersistence.get(system).fence(membership::confirmed);
    joining.join(settings.joinTimeout());
    patience.await("The majority of the cluster", () -> await(membership.confirmed()));
    joining.showSigns(membership);
    if (clock.isMovable()) {
      LOG.warn("The clock of this node may be moved by anybody who reaches its API.");
      followClock(system, readModels.database());
    }
    if (settings.has("projections")) {
      projections.consume();
    }
    patience.await("The journal", () -> await(new BuiltInRegistration(workflows).register()));
    Optional<ManagementServer> management = await(routes.manage(config));
    management.ifPresent(server -> stops.push(new Stop("management", () -> await(server.stop()))));
    if (settings.has("api")) {
      HttpServer server = await(routes.serve(config));
      stops.push(new Stop("HTTP", () -> await(server.stop())));
      routes.awaitReady(LONGEST_START);
      url = server.url();
    }
    if (settings.has("projections")) {
      // Last, as what is sent can't be taken back: a node that can't start sends nothing.
      OutboxSender sender = outboxSender(readModels.database(), http, personalData);
      stops.push(new Stop("outbox", closing(sender)));
      OutboxWatch.measure(sender, metrics);
      sender.start();
    }
  }

  /** Keys that are wrapped by another master key that was given are wrapped anew first. */
  private PersonalData personalData(Database database) throws Exception {
    JdbcSubjectKeys keys =
        new JdbcSubjectKeys(
            database, personal.master(), personal.others(), clock, personal.keyCache());
    int rewrapped = await(keys.rewrap());
    if (rewrapped > 0) {
      LOG.info("The keys of {} persons are wrapped by {} now.", rewrapped, personal.master());
    }
    return new PersonalData(personal.fields(), keys);
  }

  /** From here on a node that was removed neither answers nor writes, and ends. */
  private Membership startMembership(ActorSystem<?> system) {
    Membership membership =
        Membership.start(
            system,
            settings.membership(),
            () ->
                CoordinatedShutdown.get(system)
                    .run(CoordinatedShutdown.ClusterDowningReason$.MODULE$));
    var unused = // there is nothing after it
        system
            .getWhenTerminated()
            .thenRun(
                () -> {
                  if (!closing) {
                    lost.run();
                  }
                });
    return membership;
  }

  private Entities startEntities(ActorSystem<?> system, HttpCalls calls) {
    ClusterSharding sharding = ClusterSharding.get(system);
    Failover failover =
        new Failover(system, settings.askRepeat(), settings.askSettling(), settings.askWaiting())
            .asking(Kpi.KEY, Kpi.Get::new)
            .asking(OrgNode.KEY, OrgNode.Get::new)
            .asking(ProcessCase.KEY, ProcessCase.Get::new)
            .asking(ProcessFlow.KEY, ProcessFlow.Get::new)
            .asking(Simulation.KEY, Simulation.Get::new)
            .asking(
                WorkflowDefinition.KEY,
                (ActorRef<WorkflowDefinition.Reply> replyTo) ->
                    new WorkflowDefinition.Get(null, replyTo))
            .asking(WorkflowInstance.KEY, WorkflowInstance.Get::new);
    Entities entities = new Entities(sharding, settings.askTimeout(), failover);
    Kpi.init(sharding, clock);
    OrgNode.init(sharding, clock);
    ProcessCase.init(system, sharding, clock);
    ProcessFlow.init(sharding, clock);
    Simulation.init(sharding, clock);
    WorkflowDefinition.init(sharding, clock);
    Workflows workflows = new Workflows(entities);
    WorkflowInstance.init(
        sharding, new Outside(calls, new KpiReadings(entities), workflows::start), clock);
    return entities;
  }

  private OutboxSender outboxSender(
      Database database, OutboundHttp http, PersonalData personalData) {
    return new OutboxSender(
        new JdbcOutbox(database, clock),
        Transports.of(config, http, Clock.systemUTC()),
        texts -> personalData.revealAll(texts, subject -> true),
        SenderSettings.from(config),
        clock,
        () -> ThreadLocalRandom.current().nextDouble());
  }

  /** Another node may have moved the clock. */
  private void followClock(ActorSystem<?> system, Database database) {
    system
        .scheduler()
        .scheduleWithFixedDelay(
            FOLLOW_CLOCK,
            FOLLOW_CLOCK,
            () -> {
              var unused = // the next time is soon enough
                  clock
                      .follow(database)
                      .exceptionally(
                          failure -> {
                            LOG.warn(
                                "How far the clock was moved is not known: {}", failure.toString());
                            return null;
                          });
            },
            system.executionContext());
  }

  private static PrometheusMeterRegistry metrics() {
    PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(metrics);
    new JvmThreadMetrics().bindTo(metrics);
    return metrics;
  }

  private static Object shutdown(ActorSystem<?> system) throws Exception {
    return await(
        CoordinatedShutdown.get(system).runAll(CoordinatedShutdown.ClusterLeavingReason$.MODULE$));
  }

  private static Callable<?> closing(AutoCloseable closeable) {
    return () -> {
      closeable.close();
      return null;
    };
  }

  private static <T> T await(CompletionStage<T> stage) throws Exception {
    try {
      return stage.toCompletableFuture().get(LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  @Override
  public void close() {
    closing = true;
    while (!stops.isEmpty()) {
      Stop stop = stops.pop();
      try {
        stop.how().call();
      } catch (Exception e) {
        LOG.warn("{} did not stop in order: {}", stop.what(), e.toString());
      }
    }
  }
}
