package io.twinloop.benchmarks;

import io.twinloop.benchmarks.PacedLoad.Outcome;
import io.twinloop.multijvm.NodeProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The way of a durable command by HTTP: how many a second, what each costs, how long it takes at
 * half of that, and what becomes of twice as many.
 */
final class CommandPath {

  private static final int CONNECTIONS = 256;
  private static final int CONNECTIONS_IN_OVERLOAD = 1_000;
  private static final double OVERLOAD = 2;
  private static final Duration AT_ONCE = Duration.ofMillis(500);
  private static final Duration ALL_ARE_SENT = Duration.ofMinutes(1);
  private static final Duration WHAT_CAN_BE_SENT = Duration.ofMillis(5);

  /** What the node does besides. */
  enum Kind {
    ALL("all", "all roles"),
    WRITE("write", "the roles api and entities");

    private final String id;
    private final String what;

    Kind(String id, String what) {
      this.id = id;
      this.what = what;
    }

    String id() {
      return id;
    }

    String what() {
      return what;
    }
  }

  private final Plan plan;
  private final Figures figures;
  private final Kind kind;

  CommandPath(Plan plan, Figures figures, Kind kind) {
    this.plan = plan;
    this.figures = figures;
    this.kind = kind;
  }

  /** Starts the node and measures; answers the rows. */
  List<Row> measure(NodeProcess process, RawPostgres postgres) throws Exception {
    if (kind == Kind.WRITE) {
      process
          .withJvmOption("-Dtwinloop.node.roles.0=api")
          .withJvmOption("-Dtwinloop.node.roles.1=entities");
    }
    BenchNode node = new BenchNode(process.start(), postgres);
    List<String> kpis = IntStream.range(0, plan.entities()).mapToObj(i -> "kpi-" + i).toList();
    kpis.forEach(node::define);
    Load.warmUp(plan, load -> node.commands(load, kpis, CONNECTIONS));
    for (int round = 1; round <= plan.rounds(); round++) {
      closedLoop(node, kpis, new ProcessCosts(process.pid(), postgres));
      paced(process.port(), BenchNode.inTurn(BenchNode.samples(kpis)));
    }
    return rows();
  }

  private void closedLoop(BenchNode node, List<String> kpis, ProcessCosts costs) throws Exception {
    double rate =
        Load.perSecond(
            plan,
            load -> node.commands(load, kpis, CONNECTIONS),
            new Load.Watch() {
              @Override
              public void begin() throws Exception {
                costs.begin();
              }

              @Override
              public void end(long steps) throws Exception {
                ProcessCosts.Micros each = costs.end().per((double) steps);
                figures.add(id("cpu-node"), each.node());
                figures.add(id("cpu-postgres"), each.postgres());
                figures.add(id("cpu-load"), each.load());
              }
            });
    figures.add(id("commands"), rate);
  }

  /** Half of what it can do, twice of it, and half again at once. */
  private void paced(int port, Supplier<byte[]> requests) throws IOException {
    double most = figures.last(id("commands"));
    Outcome half =
        paced(port, CONNECTIONS, most / 2, requests, ALL_ARE_SENT, plan.warmUp(), plan.measured());
    figures.addTimes(id("half"), half.served());
    Outcome twice =
        paced(
            port,
            CONNECTIONS_IN_OVERLOAD,
            most * OVERLOAD,
            requests,
            WHAT_CAN_BE_SENT,
            plan.warmUp(),
            plan.measured());
    figures.add(id("overload"), twice.servedPerSecond());
    figures.addTimes(id("overload"), twice.served());
    figures.add(id("refused"), twice.refusedPerSecond());
    figures.add(id("unsent"), twice.unsentPerSecond());
    figures.add(
        id("refused-p99"), twice.refused().isEmpty() ? 0 : Row.quantile(twice.refused(), 0.99));
    Outcome after =
        paced(port, CONNECTIONS, most / 2, requests, ALL_ARE_SENT, Duration.ZERO, AT_ONCE);
    figures.addTimes(id("after"), after.served());
  }

  private static Outcome paced(
      int port,
      int connections,
      double perSecond,
      Supplier<byte[]> requests,
      Duration latest,
      Duration warmUp,
      Duration measured)
      throws IOException {
    return PacedLoad.run(port, connections, perSecond, requests, latest, warmUp, measured);
  }

  private List<Row> rows() {
    String where = ", " + kind.what();
    List<Row> rows = new ArrayList<>();
    Row commands = row("commands", "durable commands, 256 connections" + where, "1/s");
    Row half = row("half-p99", "a command at half that rate, p99" + where, "ms");
    rows.add(commands);
    rows.add(row("cpu-node", "CPU of the node for one", "µs"));
    rows.add(row("cpu-postgres", "CPU of PostgreSQL for one", "µs"));
    rows.add(row("cpu-load", "CPU of the load for one", "µs"));
    rows.add(row("half-p50", "a command at half that rate, p50", "ms"));
    rows.add(half);
    rows.add(
        figures.row(id("overload"), "answered with 200 when twice as many come", "1/s", commands));
    rows.add(row("overload-p99", "the same, p99", "ms"));
    rows.add(row("refused", "answered with 503 meanwhile", "1/s"));
    rows.add(row("refused-p99", "the same, p99", "ms"));
    rows.add(row("unsent", "not sent, as 1,000 connections and the load's CPU were in use", "1/s"));
    rows.add(figures.row(id("after-p99"), "at half the rate right after, p99", "ms", half));
    return rows;
  }

  private Row row(String name, String what, String unit) {
    return figures.row(id(name), what, unit, null);
  }

  private String id(String name) {
    return kind.id() + "-" + name;
  }
}
