package io.twinloop.benchmarks;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.multijvm.NodeProcess;
import io.twinloop.multijvm.ServicesProcess;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import io.twinloop.persistence.r2dbc.Schema;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Measures everything, round by round: PostgreSQL and Kafka by themselves, then what the product
 * makes of them, on the same servers within the same seconds.
 *
 * <p>Entities without HTTP run in this process, the node in one of its own. All of it listens on
 * loopback alone, in a folder that is thrown away.
 */
final class Benchmarks {

  private static final int COMMANDS_IN_FLIGHT = 256;
  private static final int READERS = 64;
  private static final int SAMPLES_PER_BATCH = 1_000;
  private static final int BATCH_CONNECTIONS = 8;
  private static final int EVENTS_OF_A_COLD_ENTITY = 500;

  private final Plan plan;
  private final Consumer<String> news;
  private final Figures figures;

  private Benchmarks(Plan plan, Consumer<String> news) {
    this.plan = plan;
    this.news = news;
    this.figures = new Figures(news);
  }

  /**
   * Runs all of it.
   *
   * @param folder for the data and logs; whoever made it takes it away
   * @param news is told what is going on
   */
  static Report run(Plan plan, Path folder, Consumer<String> news) throws Exception {
    return new Benchmarks(plan, news).run(folder);
  }

  /** Runs only what login, limits and audit cost. */
  static Report runDoor(Plan plan, Path folder, Consumer<String> news) throws Exception {
    return new Benchmarks(plan, news).runDoor(folder);
  }

  private Report run(Path folder) throws Exception {
    Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    news.accept("Starting PostgreSQL, Kafka and a node …");
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"))) {
      RawPostgres server = new RawPostgres(settings(services.postgresUrl()));
      URI url = URI.create(services.postgresUrl());
      measureWithNode(folder, services, server, url);
      measureDoor(folder, services, server, url);
      return new Report(plan, startedAt, server.version(), rows());
    }
  }

  private void measureWithNode(Path folder, ServicesProcess services, RawPostgres server, URI url)
      throws Exception {
    try (NodeProcess process = node(folder, services)) {
      RawPostgres raw = database(server, url, "raw");
      KafkaEcho.prepare(services.kafkaBootstrap());
      BenchNode node = new BenchNode(process.start(), server);
      for (int round = 1; round <= plan.rounds(); round++) {
        news.accept("Round " + round + " of " + plan.rounds() + " …");
        raw.empty();
        if (round == 1) {
          measureIdle(server, url);
        }
        measureInside(server, url, raw, "inside" + round);
        measureNode(node, round);
        measureSamples(node, raw, round);
        measureLoops(node, services.kafkaBootstrap(), round);
      }
    }
  }

  /** Runs only durable commands by HTTP: how many, at what price, and when there are too many. */
  static Report runCommands(Plan plan, Path folder, Consumer<String> news) throws Exception {
    return new Benchmarks(plan, news).runCommands(folder, List.of(CommandPath.Kind.values()));
  }

  /** The same with no projections on the node. */
  static Report runWrites(Plan plan, Path folder, Consumer<String> news) throws Exception {
    return new Benchmarks(plan, news).runCommands(folder, List.of(CommandPath.Kind.WRITE));
  }

  private Report runCommands(Path folder, List<CommandPath.Kind> kinds) throws Exception {
    Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    news.accept("Starting PostgreSQL and Kafka …");
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"))) {
      RawPostgres server = new RawPostgres(settings(services.postgresUrl()));
      List<Row> rows = new ArrayList<>();
      for (CommandPath.Kind kind : kinds) {
        news.accept("A node with " + kind.what() + " …");
        String database = "commands_" + kind.id();
        server.execute("CREATE DATABASE " + database);
        String url = urlOf(URI.create(services.postgresUrl()), database);
        try (NodeProcess node = node(kind.id(), folder, services, url)) {
          rows.addAll(new CommandPath(plan, figures, kind).measure(node, server));
        }
      }
      return new Report(plan, startedAt, server.version(), rows);
    }
  }

  private Report runDoor(Path folder) throws Exception {
    Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    news.accept("Starting PostgreSQL and Kafka …");
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"))) {
      RawPostgres server = new RawPostgres(settings(services.postgresUrl()));
      measureDoor(folder, services, server, URI.create(services.postgresUrl()));
      return new Report(plan, startedAt, server.version(), doorRows());
    }
  }

  /** The same commands with and without login, limits and audit, in turns. */
  private void measureDoor(Path folder, ServicesProcess services, RawPostgres server, URI url)
      throws Exception {
    news.accept("Starting a node with login, limits and audit, and one without …");
    server.execute("CREATE DATABASE door_open");
    server.execute("CREATE DATABASE door_guarded");
    List<String> kpis = names("commanded-", plan.entities());
    try (NodeProcess first = node("open", folder, services, urlOf(url, "door_open"));
        NodeProcess second = node("guarded", folder, services, urlOf(url, "door_guarded"))) {
      DoorNodes open = DoorNodes.open(first);
      DoorNodes guarded = DoorNodes.guarded(second);
      open.define(kpis);
      guarded.define(kpis);
      Load.warmUp(plan, load -> open.commands(load, kpis, COMMANDS_IN_FLIGHT));
      Load.warmUp(plan, load -> guarded.commands(load, kpis, COMMANDS_IN_FLIGHT));
      for (int round = 1; round <= plan.rounds(); round++) {
        boolean openFirst = round % 2 == 1;
        measureDoor(openFirst ? "door-open" : "door-guarded", openFirst ? open : guarded, kpis);
        measureDoor(openFirst ? "door-guarded" : "door-open", openFirst ? guarded : open, kpis);
      }
    }
  }

  private void measureDoor(String id, DoorNodes node, List<String> kpis) throws Exception {
    figures.add(id, Load.perSecond(plan, load -> node.commands(load, kpis, COMMANDS_IN_FLIGHT)));
  }

  /** A node with the launcher's options. */
  private static NodeProcess node(Path folder, ServicesProcess services) {
    return node("bench", folder, services, services.postgresUrl());
  }

  private static NodeProcess node(
      String name, Path folder, ServicesProcess services, String postgresUrl) {
    NodeProcess node =
        NodeProcess.named(name, folder).using(services).with("TWINLOOP_POSTGRES_URL", postgresUrl);
    // The harness leaves the optimising compiler out of its short trials; the last option counts.
    // All callers come from one address, and in the overload there are 1,000.
    for (String option :
        List.of(
            "-XX:TieredStopAtLevel=4",
            "-Xmx1g",
            "-XX:+UseParallelGC",
            "-XX:NewRatio=1",
            "-Dtwinloop.http.max-connections=8192",
            "-Dtwinloop.http.door.connections-per-address=2048")) {
      node.withJvmOption(option);
    }
    for (String option : System.getProperty("twinloop.bench.node-options", "").split(" ", -1)) {
      if (!option.isEmpty()) {
        node.withJvmOption(option);
      }
    }
    return node;
  }

  /** Journal, entities, recovery and projection, in this process. */
  private void measureInside(RawPostgres server, URI url, RawPostgres raw, String name)
      throws Exception {
    figures.add("insert", Load.perSecond(plan, raw::singleRows));
    figures.add("insert-many", Load.perSecond(plan, raw::manyRows));
    RawPostgres inside = database(server, url, name);
    try (EntityHost host = EntityHost.start(urlOf(url, name))) {
      figures.add(
          "journal",
          Load.perSecond(plan, load -> JournalLoad.start(load, host.system().classicSystem())));
      List<String> kpis = names("kpi-", plan.entities());
      host.define(kpis);
      figures.add(
          "commands-inside",
          Load.perSecond(plan, load -> host.commands(load, kpis, COMMANDS_IN_FLIGHT)));
      List<String> cold = names("cold-", plan.coldEntities());
      host.remember(cold, EVENTS_OF_A_COLD_ENTITY);
      figures.addTimes(
          "read-entity", inside.readEntities(cold.stream().map(id -> "Kpi|" + id).toList()));
      figures.addTimes("recover-snapshot", host.recover(cold));
      inside.execute("DELETE FROM snapshot WHERE persistence_id LIKE 'Kpi|cold-%'");
      figures.addTimes("recover", host.recover(cold));
      figures.add("read-events", inside.readEvents("Kpi"));
      figures.add("projection", host.catchUp(inside));
      ReadModelLag lag = new ReadModelLag(host, inside);
      double half = figures.last("commands-inside") / 2;
      figures.addTimes("lag-half", lag.millis(kpis, half, plan.measured()));
      figures.addTimes("lag-full", lag.millis(kpis, Double.POSITIVE_INFINITY, plan.measured()));
    }
    server.execute("DROP DATABASE " + name + " WITH (FORCE)");
  }

  /** Heap of entities that do nothing: all in memory, and nearly all passivated. */
  private void measureIdle(RawPostgres server, URI url) throws Exception {
    database(server, url, "idle");
    figures.add(
        "heap-idle",
        IdleHeap.bytesPerKpi(urlOf(url, "idle"), plan.idleEntities(), 2 * plan.idleEntities()));
    figures.add(
        "heap-passivated",
        IdleHeap.bytesPerKpi(urlOf(url, "idle"), plan.idleEntities(), plan.idleEntities() / 10));
    server.execute("DROP DATABASE idle WITH (FORCE)");
  }

  /** Runs only what more entities in the database cost; takes some minutes. */
  static Report runGrowth(Plan plan, Path folder, Consumer<String> news) throws Exception {
    return new Benchmarks(plan, news).runGrowth(folder);
  }

  private Report runGrowth(Path folder) throws Exception {
    Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    news.accept("Starting PostgreSQL …");
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"))) {
      RawPostgres server = new RawPostgres(settings(services.postgresUrl()));
      URI url = URI.create(services.postgresUrl());
      RawPostgres grown = database(server, url, "grown");
      List<Row> rows = new Growth(grown, urlOf(url, "grown"), plan, news).measure();
      return new Report(plan, startedAt, server.version(), rows);
    }
  }

  private void measureNode(BenchNode node, int round) throws Exception {
    List<String> kpis = names("commanded-", plan.entities());
    if (round == 1) {
      kpis.forEach(node::define);
    }
    figures.add("get-fixed", Load.perSecond(plan, load -> node.fixedAnswers(load, READERS)));
    figures.add(
        "commands-http",
        Load.perSecond(plan, load -> node.commands(load, kpis, COMMANDS_IN_FLIGHT)));
    node.settle();
    figures.add("get-entity", Load.perSecond(plan, load -> node.reads(load, kpis, READERS)));
  }

  private void measureSamples(BenchNode node, RawPostgres raw, int round) throws Exception {
    Instant from = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(30, ChronoUnit.DAYS);
    Samples lines = new Samples("line-" + round + "-", plan.kpis(), plan.lines(), from, round);
    figures.add("copy", raw.copy(lines));
    lines.kpiIds().forEach(node::define);
    long begin = System.nanoTime();
    figures.add("samples-ndjson", node.upload(lines));
    node.settle();
    figures.add("samples-visible", plan.lines() * 1e9 / (System.nanoTime() - begin));
    Samples batches = new Samples("batch-" + round + "-", plan.kpis(), plan.lines(), from, round);
    batches.kpiIds().forEach(node::define);
    figures.add("samples-batch", node.batches(batches, SAMPLES_PER_BATCH, BATCH_CONNECTIONS));
    node.settle();
  }

  private void measureLoops(BenchNode node, String kafka, int round) throws Exception {
    figures.addTimes("kafka", KafkaEcho.millis(kafka, plan.loops()));
    figures.addTimes("loop", node.loops(names("loop-" + round + "-", plan.loops())));
  }

  private List<Row> rows() {
    Row insert = figures.row("insert", "single-row INSERT, 32 connections", "events/s", null);
    Row fixed = figures.row("get-fixed", "GET with a fixed answer, 64 connections", "1/s", null);
    Row copy = figures.row("copy", "samples by COPY through pgjdbc", "samples/s", null);
    Row readEntity50 =
        figures.row("read-entity-p50", "SELECT of the 500 events of an entity, p50", "ms", null);
    Row readEntity99 = figures.row("read-entity-p99", "the same, p99", "ms", null);
    Row readEvents = figures.row("read-events", "SELECT of all events in order", "events/s", null);
    Row kafka50 = figures.row("kafka-p50", "a record through Kafka and back, p50", "ms", null);
    Row kafka99 = figures.row("kafka-p99", "the same, p99", "ms", null);
    List<Row> rows = new ArrayList<>(doorRows());
    rows.addAll(
        0,
        List.of(
            insert,
            figures.row("insert-many", "INSERT of 128 rows, 1 connection", "events/s", insert),
            figures.row("journal", "events into the journal, 256 in flight", "events/s", insert),
            figures.row(
                "commands-inside", "durable commands in the process, 256 in flight", "1/s", insert),
            figures.row(
                "commands-http", "durable commands by POST, 256 connections", "1/s", insert),
            fixed,
            figures.row("get-entity", "GET answered by the entity, 64 connections", "1/s", fixed),
            copy,
            figures.row("samples-ndjson", "samples by one NDJSON upload", "samples/s", copy),
            figures.row(
                "samples-visible", "the same, until every query sees them", "samples/s", copy),
            figures.row(
                "samples-batch", "samples by batches of 1,000, 8 connections", "samples/s", copy),
            readEntity50,
            figures.row(
                "recover-p50", "cold entity of 500 events, first answer, p50", "ms", readEntity50),
            figures.row("recover-snapshot-p50", "the same with snapshots, p50", "ms", readEntity50),
            readEntity99,
            figures.row(
                "recover-p99", "cold entity of 500 events, first answer, p99", "ms", readEntity99),
            figures.row("recover-snapshot-p99", "the same with snapshots, p99", "ms", readEntity99),
            readEvents,
            figures.row(
                "projection",
                "events into the KPIs' read model, catching up",
                "events/s",
                readEvents),
            figures.row(
                "lag-half-p50", "until the read model has an event, half load, p50", "ms", null),
            figures.row("lag-half-p99", "the same, p99", "ms", null),
            figures.row(
                "lag-full-p50", "until the read model has an event, full load, p50", "ms", null),
            figures.row("lag-full-p99", "the same, p99", "ms", null),
            figures.row("heap-idle", "heap of an idle KPI", "bytes", null),
            figures.row("heap-passivated", "heap of a KPI, nine of ten passivated", "bytes", null),
            kafka50,
            figures.row("loop-p50", "sample to workflow over Kafka, p50", "ms", kafka50),
            kafka99,
            figures.row("loop-p99", "sample to workflow over Kafka, p99", "ms", kafka99)));
    return rows;
  }

  private List<Row> doorRows() {
    Row open = figures.row("door-open", "durable commands, no login, limits, audit", "1/s", null);
    return List.of(
        open, figures.row("door-guarded", "the same with login, limits and audit", "1/s", open));
  }

  private static List<String> names(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
  }

  /** A new database on the server, with the journal's tables. */
  private static RawPostgres database(RawPostgres server, URI url, String name) throws Exception {
    server.execute("CREATE DATABASE " + name);
    PostgresSettings settings = settings(urlOf(url, name));
    Schema.migrate(settings);
    return new RawPostgres(settings);
  }

  private static String urlOf(URI url, String database) {
    return "%s://%s/%s".formatted(url.getScheme(), url.getRawAuthority(), database);
  }

  private static PostgresSettings settings(String url) throws IOException {
    Config config =
        ConfigFactory.parseMap(Map.of("twinloop.persistence.postgres.url", url))
            .withFallback(ConfigFactory.load())
            .resolve();
    return PostgresSettings.read(config);
  }
}
