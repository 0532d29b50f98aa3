package io.twinloop.multijvm.chaos;

import io.twinloop.multijvm.ClusterProcess;
import io.twinloop.multijvm.ClusterProcess.Member;
import io.twinloop.multijvm.NodeProcess;
import io.twinloop.multijvm.Twin;
import io.twinloop.multijvm.chaos.ChaosPlan.Step;
import io.twinloop.multijvm.chaos.ChaosReport.Struck;
import io.twinloop.multijvm.chaos.Findings.Kind;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A cluster under steady load, one fault after the other, the next when the cluster is whole again;
 * then calm, and a comparison of everything that was promised with everything there is.
 *
 * <p>A run can go on after a comparison: {@link #check()} compares all since the beginning.
 */
public final class ChaosRun implements AutoCloseable {

  /** KPIs and units, of each: few, so that each is asked often enough for its gaps to be seen. */
  private static final int ENTITIES = 6;

  private static final Duration SETTLE = Duration.ofMinutes(4);

  private final ClusterProcess cluster;
  private final long seed;
  private final double requestsPerSecond;
  private final Consumer<String> news;
  private final History history = new History();
  private final Findings findings = new Findings();
  private final List<Struck> struck = new ArrayList<>();
  private final List<String> kpiIds = new ArrayList<>();
  private final long began = System.nanoTime();
  private SteadyLoad load;
  private int loads;

  private ChaosRun(
      ClusterProcess cluster, long seed, double requestsPerSecond, Consumer<String> news) {
    this.cluster = cluster;
    this.seed = seed;
    this.requestsPerSecond = requestsPerSecond;
    this.news = news;
    this.load = newLoad();
  }

  /**
   * Starts the load on a cluster that is whole.
   *
   * @param news is told what happens, a line each
   */
  public static ChaosRun start(
      ClusterProcess cluster, long seed, double requestsPerSecond, Consumer<String> news) {
    ChaosRun run = new ChaosRun(cluster, seed, requestsPerSecond, news);
    run.load.start();
    return run;
  }

  /** What a node of such a cluster needs besides what each node has. */
  public static NodeProcess prepared(NodeProcess node) {
    return node.with("TWINLOOP_MOVABLE_CLOCK", "true");
  }

  /** The faults this machine and user can do; tells of those they can't. */
  public List<Fault> possible(List<Fault> wanted) {
    List<Fault> possible = new ArrayList<>();
    for (Fault fault : wanted) {
      if (isPossible(fault)) {
        possible.add(fault);
      }
    }
    return possible;
  }

  /** Whether this machine and user can do it; tells when not. */
  public boolean isPossible(Fault fault) {
    boolean possible = fault.isPossibleFor(cluster);
    if (!possible) {
      news.accept("SKIPPED: " + fault + " is not possible on this machine as this user");
    }
    return possible;
  }

  /** One step of a plan: rests, strikes, and waits until the cluster is whole. */
  public void strike(Step step) {
    rest(step.rest());
    strike(step.fault(), step.victim());
  }

  /** Strikes, and waits until the cluster is whole; what goes wrong is a finding. */
  public void strike(Fault fault, int victimNumber) {
    Member victim = cluster.member(victimNumber);
    news.accept("%s on %s".formatted(fault, victim.node().name()));
    long from = System.nanoTime();
    try {
      fault.strike(cluster, victim);
      cluster.startAllThatEnded();
      cluster.awaitWhole();
    } catch (IllegalStateException e) {
      findings.add(Kind.RECOVERY, "%s on %s: %s".formatted(fault, victim.node().name(), e));
      startOver();
    }
    struck.add(new Struck(fault, victim.node().name(), from, System.nanoTime()));
  }

  /** Nobody could, so that the rest of the run tells something too. */
  private void startOver() {
    news.accept("The cluster did not recover; all of it is started anew.");
    cluster.heal();
    cluster.services().postgres().resume();
    cluster.services().kafka().resume();
    cluster.services().postgres().start();
    cluster.services().kafka().start();
    for (Member member : cluster.members()) {
      if (member.node().isAlive()) {
        member.node().kill9();
      }
    }
    cluster.startAllThatEnded();
    cluster.awaitWhole();
  }

  /** Waits until so many more requests were acknowledged; a finding when that takes too long. */
  public void awaitAcknowledged(int more, Duration patience) {
    long enough = history.acknowledged() + more;
    long deadline = System.nanoTime() + patience.toNanos();
    while (history.acknowledged() < enough) {
      if (System.nanoTime() > deadline) {
        findings.add(
            Kind.RECOVERY,
            "%d requests were not acknowledged within %d s".formatted(more, patience.toSeconds()));
        return;
      }
      rest(Duration.ofMillis(50));
    }
  }

  /** Ends the load, lets everything settle, and compares. */
  public ChaosReport check() {
    return check(SETTLE);
  }

  /** The same with another patience for what has to settle. */
  public ChaosReport check(Duration patience) {
    news.accept("Calm: waiting for what was begun to end");
    load.close();
    kpiIds.addAll(load.kpiIds());
    long loaded = System.nanoTime();
    cluster.awaitWhole();
    List<Twin> twins =
        cluster.members().stream().map(member -> new Twin(member.node()::url)).toList();
    String postgres = cluster.services().postgresUrl();
    List<String> told =
        history.requests().stream()
            .filter(request -> request.kind() == History.Kind.ONBOARD && request.isAcknowledged())
            .map(History.Request::id)
            .toList();
    String left = new Settling(twins, postgres).settle(kpiIds, told, patience);
    Findings found = new Findings();
    found.addAll(findings);
    if (!left.isEmpty()) {
      found.add(Kind.OPEN_LOOP, "not settled: " + left);
    }
    news.accept("Comparing %d requests with what is stored".formatted(history.requests().size()));
    HistoryChecker checker =
        new HistoryChecker(
            history,
            postgres,
            cluster.services().kafkaBootstrap(),
            struck.stream().anyMatch(one -> one.fault() == Fault.TOPICS_MADE_ANEW));
    found.addAll(checker.check());
    return new ChaosReport(
        seed, Duration.ofNanos(loaded - began), struck, history, found, checker.eventsStored());
  }

  /** Goes on with a new load after a {@link #check()}. */
  public void goOn() {
    load = newLoad();
    load.start();
  }

  /** Ends the load. */
  @Override
  public void close() {
    load.close();
  }

  private SteadyLoad newLoad() {
    List<URI> doors = cluster.members().stream().map(member -> member.node().url()).toList();
    SteadyLoad.Amount amount =
        new SteadyLoad.Amount(ENTITIES, ENTITIES, requestsPerSecond, seed + loads);
    return new SteadyLoad(doors, history, amount, "c" + ++loads);
  }

  private static void rest(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
