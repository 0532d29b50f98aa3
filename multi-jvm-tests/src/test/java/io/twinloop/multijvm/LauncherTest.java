package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.embedded.Signals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code ./twinloop}: what it says, and that it leaves nothing running. */
class LauncherTest {
  private static final Path JDK = Path.of(System.getProperty("java.home"));

  @TempDir Path folder;
  private Path checkout;
  private Path data;
  private int port;
  private final List<Run> runs = new ArrayList<>();

  @BeforeEach
  void checkOut() throws IOException {
    checkout = FakeCheckout.in(Files.createDirectory(folder.resolve("checkout")));
    data = folder.resolve("data");
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
  }

  @AfterEach
  void leaveNothingRunning() {
    runs.forEach(Run::close);
    if (Files.exists(data.resolve("run"))) {
      launch("stop", "--data", data.toString()).exitCode();
    }
  }

  @Test
  void shouldExplainItself() {
    Run help = launch("help");
    assertThat(help.exitCode()).isZero();
    assertThat(help.output())
        .contains("./twinloop up [--port 8080] [--data DIR]")
        .contains("TWINLOOP_POSTGRES_URL");
  }

  @Test
  void shouldRefuseWhatItDoesNotKnow() {
    assertRefused(launch("fly"), 2, "twinloop: unknown command 'fly'.");
    assertRefused(launch("up", "--colour", "red"), 2, "twinloop: unknown option '--colour'.");
    assertRefused(launch("up", "--port"), 2, "twinloop: option '--port' needs a value.");
    assertRefused(
        launch("up", "--port", "99999"),
        2,
        "twinloop: --port is '99999', but a port is a whole number from 1 to 65535.");
    assertRefused(
        launch("demo", "--seed", "seven"),
        2,
        "twinloop: --seed is 'seven', but a seed is a whole number of at most 18 digits.");
    assertRefused(launch("up", "--once"), 2, "twinloop: unknown option '--once'.");
  }

  @Test
  void shouldStartTellAndStop() {
    Run up = up();
    up.await("Ctrl-C stops it");
    assertThat(up.output())
        .contains("Twinloop is ready: http://127.0.0.1:" + port)
        .contains("curl http://127.0.0.1:" + port + "/api/v1/kpis/orders");

    assertThat(data.resolve("secrets/personal-data.key")).isRegularFile();

    Run status = launch("status", "--data", data.toString());
    assertThat(status.exitCode()).isZero();
    assertThat(status.output()).contains("http://127.0.0.1:" + port).contains("200");

    Run second = launch("up", "--port", Integer.toString(port), "--data", data.toString());
    assertThat(second.exitCode()).isEqualTo(1);
    assertThat(second.output()).startsWith("twinloop: Twinloop already runs on the data folder");

    assertThat(launch("stop", "--data", data.toString()).exitCode()).isZero();
    assertThat(up.exitCode()).isZero();
    assertThat(up.output()).endsWith("Twinloop: stopped.\n");
    assertThat(log()).contains("the fake node left in order").contains("embedded is there: true");
    assertThat(data.resolve("postgres/postmaster.pid")).doesNotExist();
    assertThat(launch("status", "--data", data.toString()).exitCode()).isEqualTo(3);
  }

  @Test
  void shouldKeepThreeNodesAndRestartThemInTurns() throws IOException {
    port = threePortsInARow();
    Path removed = folder.resolve("removed");
    Run up =
        launch(
            Map.of("FAKE_NODE_REMOVED", removed.toString()),
            "up",
            "--nodes",
            "3",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString());
    up.await("Ctrl-C stops it");
    assertThat(up.output())
        .contains("node 1 is ready: http://127.0.0.1:" + port)
        .contains("node 3 is ready: http://127.0.0.1:" + (port + 2));
    Run status = launch("status", "--data", data.toString());
    assertThat(status.exitCode()).as(status.output()).isZero();
    assertThat(status.output()).contains("node 1").contains("node 2").contains("node 3");

    List<Long> first = nodes();
    Signals.send("KILL", ProcessHandle.of(first.get(1)).orElseThrow());
    up.await("node 2 ended with code 137; it is started again.");
    up.await("node 2 is back");

    Files.createFile(removed); // of the next node that starts, once
    Run restart = launch("restart", "--data", data.toString());
    assertThat(restart.exitCode()).as(restart.output()).isZero();
    assertThat(restart.output())
        .containsSubsequence(
            "node 1 leaves",
            "node 1 was removed by the others while it started; it is started again.",
            "node 2 leaves",
            "node 3 leaves")
        .endsWith("All nodes were restarted.\n");
    assertThat(nodes()).doesNotContainAnyElementsOf(first);

    List<Long> last = nodes();
    assertThat(launch("stop", "--data", data.toString()).exitCode()).isZero();
    assertThat(up.exitCode()).isZero();
    assertThat(last).noneMatch(pid -> ProcessHandle.of(pid).filter(Signals::isAlive).isPresent());
    assertThat(Files.readString(data.resolve("logs/node-1.log")))
        .contains("the fake node left in order")
        .contains("embedded is there: false");
    assertThat(data.resolve("postgres/postmaster.pid")).doesNotExist();
  }

  @Test
  void shouldEndNodesThatAKilledLauncherLeftBehind() throws IOException {
    port = threePortsInARow();
    Run up =
        launch("up", "--nodes", "2", "--port", Integer.toString(port), "--data", data.toString());
    up.await("Ctrl-C stops it");
    List<Long> nodes = nodes();
    long keeper = Long.parseLong(Files.readString(data.resolve("run/node.pid")).strip());
    Signals.send("KILL", ProcessHandle.of(keeper).orElseThrow());
    assertThat(up.exitCode()).isEqualTo(1);

    Run stop = launch("stop", "--data", data.toString());

    assertThat(stop.exitCode()).isZero();
    assertThat(stop.output()).contains("Stopping node 1, which was left behind");
    assertThat(nodes).noneMatch(pid -> ProcessHandle.of(pid).filter(Signals::isAlive).isPresent());
  }

  @Test
  void shouldRefuseToRestartOneNodeInTurns() {
    Run none = launch("restart", "--data", data.toString());
    assertRefused(none, 1, "twinloop: Twinloop does not run on the data folder " + data + ".");
    Run up = up();
    up.await("Ctrl-C stops it");
    Run restart = launch("restart", "--data", data.toString());
    assertThat(restart.exitCode()).isEqualTo(1);
    assertThat(restart.output()).startsWith("twinloop: Twinloop runs as one node there");
    assertRefused(
        launch("up", "--nodes", "many"),
        2,
        "twinloop: --nodes is 'many', but on one machine run 1 to 9 nodes.");
  }

  /** The processes of the nodes, in their order. */
  private List<Long> nodes() throws IOException {
    return Files.readAllLines(data.resolve("run/nodes")).stream()
        .map(line -> Long.parseLong(line.split(" ", -1)[1]))
        .toList();
  }

  private static int threePortsInARow() throws IOException {
    while (true) {
      try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        int port = first.getLocalPort();
        if (isFree(port + 1) && isFree(port + 2)) {
          return port;
        }
      }
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }

  @Test
  void shouldStopTheNodeWhenItIsToldToStopItself() {
    Run up = up();
    up.await("Ctrl-C stops it");
    Signals.send("TERM", up.process.toHandle());
    assertThat(up.exitCode()).isEqualTo(143);
    assertThat(log()).contains("the fake node left in order");
    assertThat(data.resolve("postgres/postmaster.pid")).doesNotExist();
  }

  @Test
  void shouldCleanUpAfterANodeThatWasKilled() throws IOException {
    Run up = up();
    up.await("Ctrl-C stops it");
    long node = Long.parseLong(Files.readString(data.resolve("run/node.pid")).strip());
    Signals.send("KILL", ProcessHandle.of(node).orElseThrow());
    assertThat(up.exitCode()).isEqualTo(1);
    assertThat(up.output()).contains("ended with code 137");

    Run stop = launch("stop", "--data", data.toString());
    assertThat(stop.exitCode()).isZero();
    assertThat(stop.output())
        .contains("Twinloop does not run on the data folder")
        .contains("Stopping the PostgreSQL that a killed node left behind");
    assertThat(data.resolve("postgres/postmaster.pid")).doesNotExist();
  }

  @Test
  void shouldMakeAKeyForPersonalDataOnceAndForItsOwnerAlone() throws IOException {
    Path key = data.resolve("secrets/personal-data.key");
    Run first = up();
    first.await("Ctrl-C stops it");
    String made = Files.readString(key);
    assertThat(launch("stop", "--data", data.toString()).exitCode()).isZero();
    assertThat(first.exitCode()).isZero();
    Run second = up();
    second.await("Ctrl-C stops it");

    assertThat(Base64.getDecoder().decode(made.strip())).hasSize(32);
    assertThat(Files.readString(key)).isEqualTo(made);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
        .isEqualTo("rw-------");
    assertThat(first.output() + second.output() + log()).doesNotContain(made.strip());
  }

  @Test
  void shouldRunWithoutOurServersWhenOthersAreGiven() {
    Run up =
        launch(
            Map.of("TWINLOOP_POSTGRES_URL", "postgresql://x", "TWINLOOP_KAFKA_BOOTSTRAP", "x:1"),
            "up",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString());
    up.await("Ctrl-C stops it");
    assertThat(log()).contains("embedded is there: false");
    assertThat(data.resolve("postgres")).doesNotExist();
    assertThat(launch("stop", "--data", data.toString()).exitCode()).isZero();
    assertThat(up.exitCode()).isZero();
  }

  @Test
  void shouldShowTheDemoInAFolderThatGoesWithIt() throws IOException {
    Path temporary = Files.createDirectory(folder.resolve("temporary"));
    Run demo =
        launch(
            Map.of("TMPDIR", temporary.toString(), "TWINLOOP_KAFKA_BOOTSTRAP", "somebody-elses:1"),
            "demo",
            "--seed",
            "7",
            "--port",
            Integer.toString(port),
            "--once");
    assertThat(demo.exitCode()).as(demo.output()).isZero();
    assertThat(demo.output())
        .contains("runs with --url http://127.0.0.1:%d --seed 7 --once".formatted(port))
        .contains("Kafka is ready");
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void shouldStopTheDemoAndItsNodeTogether() {
    Run demo = launch("demo", "--port", Integer.toString(port), "--data", data.toString());
    demo.await("the fake demo runs");
    Signals.send("TERM", demo.process.toHandle());
    assertThat(demo.exitCode()).isEqualTo(143);
    assertThat(log()).contains("the fake node left in order");
    assertThat(data.resolve("postgres/postmaster.pid")).doesNotExist();
    assertThat(demo.process.descendants()).isEmpty();
  }

  @Test
  void shouldKeepTheDataOfADemoThatDidNotShowAll() {
    Run demo =
        launch(
            Map.of("FAKE_DEMO_FAILS", "yes"),
            "demo",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString(),
            "--once");
    assertThat(demo.exitCode()).isEqualTo(1);
    assertThat(demo.output())
        .contains("twinloop: The demo did not show all it promised; the data and the log stay in");
    assertThat(log()).contains("the fake node left in order");
  }

  @Test
  void shouldPassOnWhyTheNodeDoesNotStart() {
    Run up =
        launch(
            Map.of("FAKE_NODE_FAILS", "yes"),
            "up",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString());
    assertThat(up.exitCode()).isEqualTo(1);
    assertThat(up.output()).contains("Twinloop can't start: the fake node was told to fail.");
  }

  @Test
  void shouldVerifyOnlyAnAuditThatIsThere() {
    assertRefused(
        launch("audit", "check"),
        2,
        "twinloop: 'audit check' is not known; there is 'audit verify [--data DIR] [--after NUMBER HASH]'.");
    assertRefused(
        launch("audit", "verify", "--after", "7"),
        2,
        "twinloop: option '--after' needs the number and the hash of an entry.");
    assertRefused(
        launch("audit", "verify", "--data", data.toString()),
        4,
        "twinloop: There is no database in " + data + ": say with --data where the data is.");
  }

  @Test
  void shouldRefuseAPortInUse() throws IOException {
    try (ServerSocket other = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertRefused(
          up(),
          1,
          "twinloop: Port %d on 127.0.0.1 is already in use: stop the program that holds it, or choose another port with --port."
              .formatted(other.getLocalPort()));
    }
  }

  @Test
  void shouldRefuseAFileAsDataFolder() throws IOException {
    Files.writeString(data, "");
    assertRefused(
        up(),
        1,
        "twinloop: %s is a file, but the data needs a folder: choose another one with --data."
            .formatted(data));
  }

  @Test
  void shouldSayThatThereIsNoJdk() throws IOException {
    Run up =
        launch(
            Map.of(
                "PATH", pathWithout("java", "javac").toString(),
                "JAVA_HOME", "",
                "TWINLOOP_JAVA_HOME", "",
                "TWINLOOP_JVM_FOLDER", folder.resolve("nowhere").toString(),
                "HOME", folder.toString()),
            "up",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString());
    assertThat(up.exitCode()).isEqualTo(1);
    assertThat(up.output()).startsWith("twinloop: No JDK 17 or newer was found").hasLineCount(1);
  }

  @Test
  void shouldSayThatTheChosenJdkIsNone() {
    Run up =
        launch(
            Map.of("TWINLOOP_JAVA_HOME", "/nowhere"),
            "up",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString());
    assertRefused(
        up, 1, "twinloop: TWINLOOP_JAVA_HOME is '/nowhere', but there is no JDK 17 or newer.");
  }

  @Test
  void shouldSayThatThereIsNoMavenWhenItMustBuild() throws IOException {
    Files.delete(checkout.resolve("target/launcher.stamp"));
    Run up =
        launch(
            Map.of("PATH", pathWithout("mvn").toString(), "MAVEN_HOME", folder.toString()),
            "up",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString());
    assertThat(up.exitCode()).isEqualTo(1);
    assertThat(up.output()).startsWith("twinloop: No Maven 3.8 or newer was found").hasLineCount(1);
  }

  @Test
  void shouldShowWhyABuildFailed() throws IOException {
    Files.delete(checkout.resolve("target/launcher.stamp"));
    Path tools = pathWithout("mvn");
    Path maven =
        Files.writeString(
            tools.resolve("mvn"),
            """
            #!/bin/sh
            case "$*" in *--version*) echo "Apache Maven 3.8.7"; exit 0 ;; esac
            echo "[ERROR] a semicolon is missing"
            exit 1
            """);
    assertThat(maven.toFile().setExecutable(true)).isTrue();
    Run up =
        launch(
            Map.of("PATH", tools.toString()),
            "up",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString());
    assertThat(up.exitCode()).isEqualTo(1);
    assertThat(up.output())
        .contains("[ERROR] a semicolon is missing")
        .contains("twinloop: The build failed; all it said is in");
  }

  private static void assertRefused(Run run, int code, String sentence) {
    assertThat(run.exitCode()).isEqualTo(code);
    assertThat(run.output()).startsWith(sentence + "\n");
  }

  /** A folder with all tools of this machine's PATH but some. */
  private Path pathWithout(String... absent) throws IOException {
    Path tools = Files.createDirectory(folder.resolve("tools"));
    for (String entry : System.getenv("PATH").split(":", -1)) {
      Path source = Path.of(entry);
      if (!Files.isDirectory(source)) {
        continue;
      }
      try (Stream<Path> programs = Files.list(source)) {
        for (Path program : programs.toList()) {
          Path link = tools.resolve(program.getFileName());
          if (!List.of(absent).contains(program.getFileName().toString())
              && !Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
            Files.createSymbolicLink(link, program);
          }
        }
      }
    }
    return tools;
  }

  private Run up() {
    return launch("up", "--port", Integer.toString(port), "--data", data.toString());
  }

  private String log() {
    try {
      return Files.readString(data.resolve("logs/node.log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Run launch(String... words) {
    return launch(Map.of(), words);
  }

  private Run launch(Map<String, String> environment, String... words) {
    List<String> command = new ArrayList<>(List.of(checkout.resolve("twinloop").toString()));
    command.addAll(List.of(words));
    Path output = folder.resolve("run-" + runs.size() + ".out");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().keySet().removeIf(key -> key.startsWith("TWINLOOP_"));
    builder.environment().put("TWINLOOP_JAVA_HOME", JDK.toString());
    builder.environment().put("TWINLOOP_HEAP", "256m");
    builder.environment().putAll(environment);
    try {
      Run run = new Run(builder.start(), output);
      runs.add(run);
      return run;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One call of the script. */
  private record Run(Process process, Path file) {
    String output() {
      try {
        return Files.readString(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    int exitCode() {
      try {
        process.onExit().orTimeout(90, TimeUnit.SECONDS).join();
      } catch (CompletionException e) {
        throw new AssertionError("Still running after 90 s. It said:\n" + output(), e);
      }
      return process.exitValue();
    }

    void await(String words) {
      Awaitility.await("'" + words + "' in the output")
          .atMost(Duration.ofSeconds(90))
          .until(() -> output().contains(words) || !process.isAlive());
      assertThat(output()).contains(words);
    }

    void close() {
      List<ProcessHandle> tree = new ArrayList<>(process.descendants().toList());
      tree.add(process.toHandle());
      tree.forEach(ProcessHandle::destroyForcibly);
      Signals.awaitEnd(tree, Duration.ofSeconds(20));
    }
  }
}
