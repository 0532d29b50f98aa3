package io.twinloop.multijvm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Three nodes on this machine that are one cluster, with PostgreSQL and Kafka, and with a {@link
 * LoopbackProxy} on every way between them.
 *
 * <p>Nodes talk to PostgreSQL through a proxy each, to Kafka through one for all, and to each other
 * through the proxy of the one that is called; a node calls from a loopback address of its own, by
 * which it is told apart there.
 */
public final class ClusterProcess implements AutoCloseable {

  private static final Duration HEALTHY_PATIENCE = Duration.ofMinutes(4);
  private static final Duration LOOK = Duration.ofMillis(200);

  private final Path folder;
  private final ServicesProcess services;
  private final LoopbackProxy kafka;
  private final Optional<SmallDisk> disk;
  private final List<Member> members = new ArrayList<>();

  /**
   * A node and the ways to and from it.
   *
   * @param address it calls other nodes from, for example 127.0.1.2
   * @param remoting through which others call it
   * @param postgres through which it calls PostgreSQL
   * @param managementPort where it tells of the cluster
   */
  public record Member(
      NodeProcess node,
      String address,
      LoopbackProxy remoting,
      LoopbackProxy postgres,
      int managementPort) {

    /** How other members name it. */
    public String clusterAddress() {
      return "pekko://twinloop@127.0.0.1:" + remoting.port();
    }

    /** The cluster as it sees it; empty when it doesn't answer. */
    public Optional<Members> members() {
      return Members.seenAt(managementPort);
    }
  }

  private ClusterProcess(
      Path folder, ServicesProcess services, LoopbackProxy kafka, Optional<SmallDisk> disk) {
    this.folder = folder;
    this.services = services;
    this.kafka = kafka;
    this.disk = disk;
  }

  /**
   * Starts servers and nodes, and returns when they are one cluster and ready.
   *
   * @param folder for data and logs; exists
   * @param nodes how many
   * @param also what else a node is to be given
   */
  public static ClusterProcess start(Path folder, int nodes, UnaryOperator<NodeProcess> also) {
    int broker = freePort();
    LoopbackProxy kafka = LoopbackProxy.to("kafka", broker);
    Optional<SmallDisk> disk = SmallDisk.mountOn(folder.resolve("disk"));
    Path postgres = folder.resolve("disk").resolve("postgres");
    ServicesProcess services;
    try {
      services =
          ServicesProcess.startBehind(folder.resolve("services"), postgres, broker, kafka.port());
    } catch (RuntimeException e) {
      kafka.close();
      disk.ifPresent(SmallDisk::close);
      throw e;
    }
    ClusterProcess cluster = new ClusterProcess(folder, services, kafka, disk);
    try {
      cluster.prepareNodes(nodes, also);
      cluster.members.get(0).node().start();
      cluster.startAllThatEnded();
      cluster.awaitWhole();
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** The same with three nodes that are as they are. */
  public static ClusterProcess start(Path folder) {
    return start(folder, 3, UnaryOperator.identity());
  }

  private void prepareNodes(int nodes, UnaryOperator<NodeProcess> also) {
    List<Integer> ports = new ArrayList<>();
    List<LoopbackProxy> proxies = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      ports.add(freePort());
      proxies.add(LoopbackProxy.to("node-" + (i + 1), ports.get(i)));
    }
    for (int i = 0; i < nodes; i++) {
      String name = "n" + (i + 1);
      String address = "127.0.1." + (i + 1);
      LoopbackProxy postgres = LoopbackProxy.to("postgres-" + name, services.postgresPort());
      int management = freePort();
      NodeProcess node =
          NodeProcess.named(name, folder)
              .using(services)
              .with("TWINLOOP_POSTGRES_URL", services.postgresUrl(postgres.port()))
              .with("TWINLOOP_MANAGEMENT_PORT", Integer.toString(management))
              .withJvmOption("-Dpekko.remote.artery.canonical.hostname=127.0.0.1")
              .withJvmOption("-Dpekko.remote.artery.canonical.port=" + proxies.get(i).port())
              .withJvmOption("-Dpekko.remote.artery.bind.hostname=127.0.0.1")
              .withJvmOption("-Dpekko.remote.artery.bind.port=" + ports.get(i));
      if (hasLoopbackAddresses()) {
        node.withJvmOption(
            "-Dpekko.remote.artery.advanced.tcp.outbound-client-hostname=" + address);
      }
      for (int seed = 0; seed < nodes; seed++) {
        node.withJvmOption(
            "-Dtwinloop.node.seeds.%d=pekko://twinloop@127.0.0.1:%d"
                .formatted(seed, proxies.get(seed).port()));
      }
      members.add(new Member(also.apply(node), address, proxies.get(i), postgres, management));
    }
  }

  /** Whether more than 127.0.0.1 is loopback, as on Linux; else no node can be cut off alone. */
  public static boolean hasLoopbackAddresses() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.1.1"))) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  public List<Member> members() {
    return List.copyOf(members);
  }

  public Member member(int index) {
    return members.get(index);
  }

  public ServicesProcess services() {
    return services;
  }

  /** The way from all nodes to Kafka. */
  public LoopbackProxy kafka() {
    return kafka;
  }

  /** PostgreSQL's disk, where one can be made that is nobody else's. */
  public Optional<SmallDisk> disk() {
    return disk;
  }

  public Path folder() {
    return folder;
  }

  /** The oldest member, with what runs once; empty when nobody tells. */
  public Optional<Member> oldest() {
    return members.stream()
        .flatMap(member -> member.members().stream())
        .map(Members::oldest)
        .flatMap(
            address -> members.stream().filter(member -> member.clusterAddress().equals(address)))
        .findFirst();
  }

  /** Cuts one node off from the others, in both directions; it still has PostgreSQL and Kafka. */
  public void isolate(Member lonely) {
    lonely.remoting().cut();
    members.stream()
        .filter(other -> !other.equals(lonely))
        .forEach(other -> other.remoting().cut(lonely.address()));
  }

  /** Ends every cut and delay. */
  public void heal() {
    kafka.heal();
    members.forEach(
        member -> {
          member.remoting().heal();
          member.postgres().heal();
        });
  }

  /**
   * Starts the nodes that don't run, as whatever supervises them on a site would.
   *
   * @return how many
   */
  public int startAllThatEnded() {
    int started = 0;
    for (Member member : members) {
      if (!member.node().isAlive()) {
        member.node().startWithoutWaiting();
        started++;
      }
    }
    return started;
  }

  /** Whether every node is ready, and sees all others. */
  public boolean isWhole() {
    return members.stream()
        .allMatch(
            member ->
                member.node().isAlive()
                    && member.node().isReady()
                    && member.members().filter(seen -> seen.isWhole(members.size())).isPresent());
  }

  /**
   * Waits until the cluster is whole; nodes that end meanwhile are started again.
   *
   * @throws IllegalStateException which says what is missing
   */
  public void awaitWhole() {
    awaitWhole(HEALTHY_PATIENCE);
  }

  /** The same with another patience. */
  public void awaitWhole(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!isWhole()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "The cluster is not whole after %d s: %s".formatted(patience.toSeconds(), describe()));
      }
      pause(LOOK);
      startAllThatEnded();
    }
  }

  /** What each node says of itself and of the others, in one line. */
  public String describe() {
    List<String> words = new ArrayList<>();
    for (Member member : members) {
      words.add(
          "%s (port %d) %s, %s, sees %s"
              .formatted(
                  member.node().name(),
                  member.remoting().port(),
                  member.node().isAlive() ? "runs" : "ended",
                  member.node().status("/health/ready").map(it -> "ready " + it).orElse("is mute"),
                  member.members().map(Members::toString).orElse("nothing")));
    }
    return String.join("; ", words);
  }

  @Override
  public void close() {
    heal();
    members.forEach(member -> member.node().close());
    members.forEach(
        member -> {
          member.remoting().close();
          member.postgres().close();
        });
    services.close();
    kafka.close();
    disk.ifPresent(SmallDisk::close);
  }

  private static void pause(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while waiting for the cluster", e);
    }
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("No free port", e);
    }
  }

  static void makeFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
