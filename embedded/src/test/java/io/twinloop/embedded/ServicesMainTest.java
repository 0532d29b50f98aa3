package io.twinloop.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both servers in a process of their own: stopped, killed, started again. */
class ServicesMainTest {
  @TempDir Path folder;

  @AfterEach
  void leaveNothingRunning() {
    PostgreSqlServer.stopLeftOver(data().resolve("postgres"));
  }

  @Test
  void shouldKeepDataAndPortsWhenTheProcessIsKilled() throws Exception {
    Addresses first;
    try (ChildJvm services = start("first")) {
      first = addresses(services);
      Sql.at(first.postgres()).execute("CREATE TABLE kept AS SELECT 7 AS n");
      Records.write(first.kafka(), "kept", "seven");
      services.kill9();
    }
    assertThat(Postmaster.runningOn(data().resolve("postgres")))
        .as("PostgreSQL outlives its parent")
        .isPresent();

    try (ChildJvm services = start("second")) {
      Addresses second = addresses(services);
      assertThat(second).isEqualTo(first);
      assertThat(Sql.at(second.postgres()).value("SELECT n FROM kept")).isEqualTo("7");
      assertThat(Records.read(second.kafka(), "kept", 1)).containsExactly("seven");
    }
  }

  @Test
  void shouldStopBothWhenAskedTo() throws Exception {
    try (ChildJvm services = start("services")) {
      Addresses addresses = addresses(services);
      services.terminate();
      assertThat(Postmaster.runningOn(data().resolve("postgres"))).isEmpty();
      assertThat(Ports.isFree(URI.create(addresses.postgres()).getPort())).isTrue();
    }
  }

  @Test
  void shouldRunOnlyWhatIsAskedFor() throws Exception {
    try (ChildJvm services =
        ChildJvm.start(
            folder.resolve("only"), ServicesMain.class, "--data", data(), "--kafka-port", 0)) {
      assertThat(services.awaitLine("ready")).contains("kafka=").doesNotContain("postgres=");
      assertThat(data().resolve("postgres")).doesNotExist();
    }
  }

  @Test
  void shouldSayInOneSentenceThatTheFolderIsHeld() throws Exception {
    try (DataFolder held = DataFolder.open(data());
        ChildJvm services = start("refused")) {
      assertThat(services.exitCode()).isEqualTo(1);
      assertThat(services.output().strip())
          .isEqualTo(
              "Can't start: The data folder %s is held by another node (process %d): stop that one, or choose another folder with --data."
                  .formatted(held.root(), ProcessHandle.current().pid()));
    }
  }

  @Test
  void shouldSayWhichOptionIsWrong() throws Exception {
    try (ChildJvm services =
        ChildJvm.start(
            folder.resolve("wrong"), ServicesMain.class, "--data", data(), "--kafka-port", "x")) {
      assertThat(services.exitCode()).isEqualTo(1);
      assertThat(services.output().strip())
          .isEqualTo(
              "Can't start: Option '--kafka-port' is 'x', but a port is a whole number from 0 to 65535.");
    }
  }

  private record Addresses(String postgres, String kafka) {}

  private ChildJvm start(String name) throws Exception {
    return ChildJvm.start(folder.resolve(name), ServicesMain.class, "--data", data());
  }

  private static Addresses addresses(ChildJvm services) {
    String[] words = services.awaitLine("ready").split(" ", -1);
    return new Addresses(
        words[1].substring("postgres=".length()), words[2].substring("kafka=".length()));
  }

  private Path data() {
    return folder.resolve("data");
  }
}
