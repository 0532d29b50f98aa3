package io.twinloop.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node with both servers inside: order of start and stop, crashes, one sentence in trouble. */
class EmbeddedMainTest {
  @TempDir Path folder;

  @AfterEach
  void leaveNothingRunning() {
    PostgreSqlServer.stopLeftOver(data().resolve("postgres"));
  }

  @Test
  void shouldStopTheNodeBeforeItsServers() throws Exception {
    try (ChildJvm node = start("node", "--port", "8080")) {
      node.awaitLine("Twinloop is ready");
      assertThat(node.terminate()).isEqualTo(143);
      assertThat(node.output())
          .contains("node started --port 8080")
          .contains("node stopped")
          .endsWith("Twinloop: stopped.\n");
    }
    try (PostgreSqlServer afterwards = PostgreSqlServer.start(data().resolve("postgres"), 0)) {
      assertThat(Sql.on(afterwards).value("SELECT string_agg(what, ', ') FROM life"))
          .isEqualTo("started --port 8080, stopped");
    }
  }

  @Test
  void shouldGoOnWithTheSameDataWhenItWasKilled() throws Exception {
    String ready;
    try (ChildJvm node = start("first")) {
      ready = node.awaitLine("Twinloop is ready");
      node.kill9();
    }
    try (ChildJvm node = start("second")) {
      assertThat(node.awaitLine("Twinloop is ready")).isEqualTo(ready);
      String kafka = ready.substring(ready.lastIndexOf(' ') + 1);
      assertThat(Records.read(kafka, "life", 2)).containsExactly("started ", "started ");
    }
  }

  @Test
  void shouldStartPostgreSqlAgainWhenItEndsByItself() throws Exception {
    try (ChildJvm node = start("node")) {
      String ready = node.awaitLine("Twinloop is ready");
      Postmaster.runningOn(data().resolve("postgres")).orElseThrow().kill();
      node.awaitLine("PostgreSQL is back.");
      assertThat(Sql.at(ready.split(" ", -1)[3]).value("SELECT what FROM life"))
          .isEqualTo("started ");
    }
  }

  @Test
  void shouldStopTheServersWhenTheNodeDoesNotStart() throws Exception {
    try (ChildJvm node = start("node", "fail")) {
      assertThat(node.exitCode()).isEqualTo(1);
      assertThat(node.output())
          .contains("Twinloop can't start: the node has no wish to start.")
          .endsWith("Twinloop: stopped.\n");
      assertThat(Postmaster.runningOn(data().resolve("postgres"))).isEmpty();
    }
  }

  @Test
  void shouldStartNothingForANodeThatCanNotStart() throws Exception {
    try (ChildJvm node = start("node", "refuse")) {
      assertThat(node.exitCode()).isEqualTo(1);
      assertThat(node.output())
          .contains("Twinloop can't start: it is told to do what can't be.")
          .doesNotContain("starting PostgreSQL");
      assertThat(data()).doesNotExist();
    }
  }

  @Test
  void shouldRunATaskAndEnd() throws Exception {
    try (ChildJvm task =
        ChildJvm.start(
            folder.resolve("task.out"),
            EmbeddedMain.class,
            "--data",
            data(),
            TinyTask.class.getName())) {
      assertThat(task.exitCode()).isZero();
      assertThat(task.output()).contains("two is 2").endsWith("Twinloop: stopped.\n");
    }
  }

  @Test
  void shouldStartNoKafkaWhereAnotherBusIsNamed() throws Exception {
    try (ChildJvm task =
        ChildJvm.start(
            Map.of("TWINLOOP_EVENT_BUS_TYPE", "redis"),
            folder.resolve("task.out"),
            EmbeddedMain.class,
            "--data",
            data(),
            TinyTask.class.getName())) {
      assertThat(task.exitCode()).isZero();
      assertThat(task.output()).contains("two is 2").doesNotContain("Kafka");
    }
  }

  @Test
  void shouldSayInOneSentenceWhatIsBroken() throws Exception {
    Files.createDirectories(data().resolve("postgres"));
    Files.writeString(data().resolve("postgres").resolve("PG_VERSION"), "17\n");
    try (ChildJvm node = start("node")) {
      assertThat(node.exitCode()).isEqualTo(1);
      assertThat(node.output())
          .contains("Twinloop can't start: " + data().resolve("postgres") + " is not empty");
    }
  }

  @Test
  void shouldStopWhenAskedInTheMiddleOfItsStart() throws Exception {
    try (ChildJvm node = start("node")) {
      await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> Files.exists(data().resolve("postgres.initialising")));
      node.terminate();
      assertThat(Postmaster.runningOn(data().resolve("postgres"))).isEmpty();
    }
    try (ChildJvm node = start("again")) {
      node.awaitLine("Twinloop is ready");
    }
  }

  private ChildJvm start(String name, String... arguments) throws Exception {
    Object[] words = new Object[3 + arguments.length];
    words[0] = "--data";
    words[1] = data();
    words[2] = TinyNode.class.getName();
    System.arraycopy(arguments, 0, words, 3, arguments.length);
    return ChildJvm.start(folder.resolve(name + ".out"), EmbeddedMain.class, words);
  }

  private Path data() {
    return folder.resolve("data");
  }
}
