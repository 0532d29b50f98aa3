package io.twinloop.benchmarks;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.kpi.Polarity;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import io.twinloop.projections.DaemonProcesses;
import io.twinloop.projections.ProjectionRunner;
import io.twinloop.projections.ProjectionSettings;
import io.twinloop.projections.ProjectionState;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.kpi.KpiReadModel;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.jspecify.annotations.Nullable;

/**
 * Entities, journal and projections inside this process, without HTTP and Kafka, with a node's
 * configuration and a database of their own.
 */
final class EntityHost implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration ASK = Duration.ofSeconds(30);
  private static final int DEFINED_AT_ONCE = 25;
  private static final int POLL_MILLIS = 5;
  private static final int USUALLY_ACTIVE = 50_000;
  private static final int IN_FLIGHT = 256;
  private static final int STEP_MILLIS = 5;
  private static final Cause CAUSE = new Cause(null, "bench", "bench");
  private static final KpiDefinition DEFINITION =
      new KpiDefinition(
          "Bench", "1", null, Polarity.TARGET, null, null, null, null, null, DetectorSpec.DEFAULT);

  private final ActorSystem<Cold> system;
  private final Config config;
  private final Entities entities;
  private final ReadModels readModels;

  private EntityHost(
      ActorSystem<Cold> system, Config config, Entities entities, ReadModels readModels) {
    this.system = system;
    this.config = config;
    this.entities = entities;
    this.readModels = readModels;
  }

  /** A question to a KPI that is recovered for this question alone. */
  private record Cold(String kpiId, ActorRef<Kpi.Reply> replyTo) {}

  /**
   * Starts it.
   *
   * @param postgresUrl of a database with the journal's tables
   */
  static EntityHost start(String postgresUrl) throws Exception {
    return start(postgresUrl, USUALLY_ACTIVE);
  }

  /**
   * Starts it with another limit of entities in memory.
   *
   * @param active most of each kind that stay there; the others are passivated
   */
  static EntityHost start(String postgresUrl, int active) throws Exception {
    Config config =
        ConfigFactory.parseMap(
                Map.of(
                    "pekko.cluster.sharding.passivation.default-strategy.active-entity-limit",
                    active,
                    "twinloop.persistence.postgres.url",
                    postgresUrl,
                    // A first connection on a busy machine: what follows is measured, not this.
                    "twinloop.persistence.postgres.connect-timeout",
                    "30s",
                    "pekko.loglevel",
                    "WARNING"))
            .withFallback(ConfigFactory.load())
            .resolve();
    PostgresSettings postgres = PostgresSettings.read(config);
    ReadModels readModels =
        ReadModels.open(postgres.jdbcUrl(), postgres.user(), postgres.password(), config);
    ReadModelSchema.migrate(readModels.forQueries());
    ActorSystem<Cold> system = ActorSystem.create(guardian(), "bench", config);
    Cluster cluster = Cluster.get(system);
    cluster.manager().tell(new JoinSeedNodes(List.of(cluster.selfMember().address())));
    CompletableFuture<Void> up = new CompletableFuture<>();
    org.apache.pekko.cluster.Cluster.get(system.classicSystem())
        .registerOnMemberUp(() -> up.complete(null));
    await(up);
    ClusterSharding sharding = ClusterSharding.get(system);
    Kpi.init(sharding, Clock.systemUTC());
    return new EntityHost(system, config, new Entities(sharding, ASK), readModels);
  }

  private static Behavior<Cold> guardian() {
    return Behaviors.setup(
        context ->
            Behaviors.receive(Cold.class)
                .onMessage(
                    Cold.class,
                    question -> {
                      context.spawnAnonymous(recovering(question));
                      return Behaviors.same();
                    })
                .build());
  }

  /** Ends with the answer, and its KPI with it. */
  private static Behavior<Kpi.Reply> recovering(Cold question) {
    return Behaviors.setup(
        context -> {
          context
              .spawnAnonymous(Kpi.create(question.kpiId(), Clock.systemUTC()))
              .tell(new Kpi.Get(context.getSelf()));
          return Behaviors.receive(Kpi.Reply.class)
              .onAnyMessage(
                  reply -> {
                    question.replyTo().tell(reply);
                    return Behaviors.stopped();
                  })
              .build();
        });
  }

  ActorSystem<?> system() {
    return system;
  }

  /** Defines KPIs with the default detector. */
  void define(List<String> kpiIds) throws Exception {
    for (int from = 0; from < kpiIds.size(); from += DEFINED_AT_ONCE) {
      List<String> some = kpiIds.subList(from, Math.min(kpiIds.size(), from + DEFINED_AT_ONCE));
      for (CompletionStage<Kpi.Reply> asked : some.stream().map(this::define).toList()) {
        if (!(await(asked) instanceof Kpi.Accepted)) {
          throw new IllegalStateException("a KPI could not be defined: " + await(asked));
        }
      }
    }
  }

  /** The same, many at once. */
  void defineAll(List<String> kpiIds) throws Exception {
    Semaphore places = new Semaphore(IN_FLIGHT);
    Load load = new Load();
    for (String kpiId : kpiIds) {
      places.acquire();
      define(kpiId)
          .whenCompleteAsync(
              (reply, failure) -> ended(load, places, reply, failure), Runnable::run);
    }
    places.acquire(IN_FLIGHT);
    load.check();
  }

  private static void ended(
      Load load, Semaphore places, Kpi.@Nullable Reply reply, @Nullable Throwable failure) {
    if (failure != null) {
      load.failed(failure);
    } else if (reply instanceof Kpi.Rejected) {
      load.failed(new IllegalStateException("refused: " + reply));
    } else {
      load.done();
    }
    places.release();
  }

  /** Commands of one sample at a steady rate, or as many as 256 in flight make. */
  Load.Generator steadily(Load load, List<String> kpiIds, double perSecond) {
    Semaphore places = new Semaphore(IN_FLIGHT);
    Thread thread =
        new Thread(
            () -> {
              try {
                long began = System.nanoTime();
                long sent = 0;
                while (load.goesOn()) {
                  double due = (System.nanoTime() - began) / 1e9 * perSecond;
                  while (sent < due && load.goesOn()) {
                    places.acquire();
                    int turn = (int) sent++;
                    take(kpiIds.get(turn % kpiIds.size()), turn)
                        .whenCompleteAsync(
                            (reply, failure) -> ended(load, places, reply, failure), Runnable::run);
                  }
                  TimeUnit.MILLISECONDS.sleep(STEP_MILLIS);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "steady-commands");
    thread.setDaemon(true);
    thread.start();
    return () -> {
      thread.join(PATIENCE.toMillis());
      if (!places.tryAcquire(IN_FLIGHT, Load.longestEndSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("The commands did not end.");
      }
    };
  }

  /** Sends one sample; answers the number of its event once it is durable. */
  long sample(String kpiId, int turn) throws Exception {
    if (await(take(kpiId, turn)) instanceof Kpi.Taken taken) {
      return taken.seqNr();
    }
    throw new IllegalStateException("a sample of " + kpiId + " was not taken");
  }

  private CompletionStage<Kpi.Reply> define(String kpiId) {
    return entities.ask(
        Kpi.KEY, kpiId, replyTo -> new Kpi.Define(DEFINITION, null, CAUSE, replyTo));
  }

  private CompletionStage<Kpi.Reply> take(String kpiId, int turn) {
    // In band, and never twice the same: 0.618… spreads the turns evenly.
    double value = 100 + turn * 0.6180339887 % 1;
    Measurement measurement = new Measurement(null, value, Sample.UNKNOWN_SOURCE, 1.0);
    return entities.ask(
        Kpi.KEY,
        kpiId,
        replyTo -> new Kpi.Take(List.of(measurement), Mode.LIVE, null, CAUSE, replyTo));
  }

  /** Commands of one sample to the KPIs in turn, so many in flight. */
  Load.Generator commands(Load load, List<String> kpiIds, int inFlight) {
    CountDownLatch running = new CountDownLatch(inFlight);
    AtomicInteger turn = new AtomicInteger();
    for (int i = 0; i < inFlight; i++) {
      command(load, kpiIds, turn, running);
    }
    return () -> {
      if (!running.await(Load.longestEndSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("The commands did not end.");
      }
    };
  }

  private void command(
      Load load, List<String> kpiIds, AtomicInteger turns, CountDownLatch running) {
    int turn = turns.getAndIncrement();
    take(kpiIds.get(Math.floorMod(turn, kpiIds.size())), turn)
        .whenCompleteAsync(
            (reply, failure) -> {
              if (failure != null) {
                load.failed(failure);
              } else if (reply instanceof Kpi.Rejected) {
                load.failed(new IllegalStateException("refused: " + reply));
              } else {
                load.done();
              }
              if (load.goesOn()) {
                command(load, kpiIds, turns, running);
              } else {
                running.countDown();
              }
            },
            Runnable::run);
  }

  /** Gives each KPI a history of so many events, its definition among them. */
  void remember(List<String> kpiIds, int events) throws Exception {
    define(kpiIds);
    for (int turn = 1; turn < events; turn++) {
      int now = turn;
      for (CompletionStage<Kpi.Reply> asked : kpiIds.stream().map(id -> take(id, now)).toList()) {
        await(asked);
      }
    }
  }

  /** Recovers each KPI and asks it something; answers the milliseconds each took. */
  List<Double> recover(List<String> kpiIds) throws Exception {
    List<Double> millis = new ArrayList<>();
    for (String kpiId : kpiIds) {
      long from = System.nanoTime();
      Kpi.Reply reply =
          await(
              AskPattern.<Cold, Kpi.Reply>ask(
                  system, replyTo -> new Cold(kpiId, replyTo), ASK, system.scheduler()));
      millis.add((System.nanoTime() - from) / 1e6);
      if (!(reply instanceof Kpi.Current)) {
        throw new IllegalStateException("KPI " + kpiId + " did not recover: " + reply);
      }
    }
    return millis;
  }

  /**
   * Runs the KPIs' read model from the beginning of the journal; answers events per second, from
   * its first transaction on.
   */
  double catchUp(RawPostgres raw) throws Exception {
    long all = raw.number("SELECT count(*) FROM event_journal WHERE entity_type = 'Kpi'");
    DaemonProcesses processes = new DaemonProcesses(system);
    new ProjectionRunner(
            system,
            ProjectionSettings.of(config),
            readModels.forProjections(),
            new ProjectionState(readModels.database()),
            processes)
        .readModel(new ProjectionRunner.Named("bench", Kpi.KEY.name()), KpiReadModel::new);
    processes.start();
    long end = System.nanoTime() + PATIENCE.toNanos();
    long first = 0;
    long from = 0;
    // Event numbers have no gaps, so the sum of the last ones is how many were read.
    try (RawPostgres.Question read =
        raw.question("SELECT coalesce(sum(seq_nr), 0) FROM read_model_progress")) {
      while (System.nanoTime() < end) {
        long seen = read.ask();
        if (first == 0 && seen > 0) {
          first = seen;
          from = System.nanoTime();
        }
        if (seen >= all && seen > first) {
          return (all - first) * 1e9 / (System.nanoTime() - from);
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      }
    }
    throw new IllegalStateException("The read model did not catch up with " + all + " events.");
  }

  @Override
  public void close() {
    CoordinatedShutdown.get(system)
        .runAll(CoordinatedShutdown.ClusterLeavingReason$.MODULE$)
        .toCompletableFuture()
        .orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
        .join();
    readModels.close();
  }

  private static <T> T await(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }
}
