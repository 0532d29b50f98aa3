package io.twinloop.embedded;

import io.twinloop.embedded.EmbeddedServers.Wanted;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cluster on one machine, what {@code ./twinloop up --nodes N} runs: PostgreSQL and Kafka in this
 * process, and the nodes as its children, which it starts again when one ends.
 *
 * <p>Arguments: {@code --data DIR --nodes N --port P COMMAND…}, where the command is a JVM with the
 * main class of a node; it gets {@code --port} and, in its environment, where the servers and the
 * other nodes are. The nodes answer on the ports from P on.
 *
 * <p>A file {@code run/restart} in the data folder asks for a restart in turns; it is replaced by
 * {@code run/restarted} with {@code done}, or the sentence that says why not. A file {@code
 * run/nodes} has a line for each node: its number, process, port and address.
 */
public final class ClusterMain {
  private static final Duration WATCH = Duration.ofMillis(200);
  private static final int MOST_NODES = 9;

  private final DataFolder folder;
  private final EmbeddedServers servers;
  private final Options options;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private volatile @Nullable NodeGroup group;
  private String toldNodes = "";

  private ClusterMain(Options options) {
    this.options = options;
    folder = DataFolder.open(options.path("--data"));
    servers =
        new EmbeddedServers(
            folder,
            new Wanted(
                EmbeddedMain.isSet("TWINLOOP_POSTGRES_URL") ? null : 0,
                EmbeddedMain.isSet("TWINLOOP_KAFKA_BOOTSTRAP") || !EmbeddedMain.isKafkaTheBus()
                    ? null
                    : 0),
            EmbeddedMain::say);
  }

  public static void main(String[] words) {
    try {
      Options options = Options.parse(words, Set.of("--data", "--nodes", "--port"));
      if (options.rest().isEmpty()) {
        throw new CannotStartException("The command that starts a node is missing.");
      }
      KafkaServer.onFatalError(EmbeddedMain::exitSaying);
      ClusterMain program = new ClusterMain(options);
      Runtime.getRuntime().addShutdownHook(new Thread(program::stop, "twinloop-stop"));
      program.run();
    } catch (CannotStartException e) {
      EmbeddedMain.refuse(e.getMessage());
      System.exit(1);
    } catch (Exception e) {
      EmbeddedMain.refuse(Sentences.reason(e) + ".");
      e.printStackTrace();
      System.exit(1);
    }
  }

  private void run() throws IOException, InterruptedException {
    EmbeddedMain.say(
        EmbeddedMain.isKafkaTheBus() ? "starting PostgreSQL and Kafka …" : "starting PostgreSQL …");
    servers.awaitReady();
    Map<String, String> environment = new HashMap<>();
    servers.postgres().ifPresent(it -> environment.put("TWINLOOP_POSTGRES_URL", it.url()));
    servers.kafka().ifPresent(it -> environment.put("TWINLOOP_KAFKA_BOOTSTRAP", it.bootstrap()));
    NodeGroup nodes = new NodeGroup(children(), options.rest(), environment, EmbeddedMain::say);
    group = nodes;
    EmbeddedMain.say("starting the nodes …");
    nodes.startAll();
    tellNodes(nodes);
    System.out.println("Twinloop is ready: " + nodes.nodes().get(0).url());
    while (!stopping.await(WATCH.toMillis(), TimeUnit.MILLISECONDS)) {
      servers.postgres().ifPresent(EmbeddedMain::startAgainWhenEnded);
      nodes.watch();
      tellNodes(nodes);
      restartWhenAsked(nodes);
    }
  }

  /** For the launcher, which shows them, and ends them should this process be killed. */
  private void tellNodes(NodeGroup nodes) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (NodeChild node : nodes.nodes()) {
      lines.append("%d %d %d %s%n".formatted(node.number(), node.pid(), node.port(), node.url()));
    }
    if (!lines.toString().equals(toldNodes)) {
      toldNodes = lines.toString();
      Folders.writePrivate(nodesFile(), toldNodes);
    }
  }

  private Path nodesFile() {
    return folder.root().resolve("run").resolve("nodes");
  }

  private List<NodeChild> children() throws IOException {
    int count = options.port("--nodes").orElse(1);
    int port = options.port("--port").orElse(8080);
    if (count < 1 || count > MOST_NODES) {
      throw new CannotStartException(
          "Option '--nodes' is '%d', but on one machine run 1 to %d nodes."
              .formatted(count, MOST_NODES));
    }
    List<NodeChild> nodes = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      nodes.add(
          new NodeChild(
              number,
              port + number - 1,
              freePort(),
              folder.logs().resolve("node-" + number + ".log")));
    }
    return nodes;
  }

  private void restartWhenAsked(NodeGroup nodes) throws IOException {
    Path asked = folder.root().resolve("run").resolve("restart");
    if (!Files.exists(asked)) {
      return;
    }
    Files.delete(asked);
    String outcome = "done";
    try {
      nodes.restart();
    } catch (CannotStartException e) {
      outcome = e.getMessage();
      EmbeddedMain.say("the restart has stopped: " + outcome);
    }
    tellNodes(nodes);
    Folders.writePrivate(folder.root().resolve("run").resolve("restarted"), outcome + "\n");
  }

  private void stop() {
    EmbeddedMain.say("stopping …");
    stopping.countDown();
    NodeGroup nodes = group;
    if (nodes != null) {
      nodes.stop();
    }
    servers.close();
    try {
      Files.deleteIfExists(nodesFile());
      folder.close();
    } catch (IOException e) {
      EmbeddedMain.say("could not clean up %s: %s.".formatted(folder.root(), Sentences.reason(e)));
    }
    EmbeddedMain.say("stopped.");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
