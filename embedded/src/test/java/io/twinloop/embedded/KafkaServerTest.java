package io.twinloop.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a broker of our own keeps through stops, and what it says about broken folders. */
class KafkaServerTest {
  @TempDir Path folder;
  private Path data;
  private KafkaServer server;

  @BeforeEach
  void start() {
    data = folder.resolve("kafka");
    server = KafkaServer.start(data, 0);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void shouldKeepItsRecordsAndItsPortOverARestart() throws Exception {
    int port = server.port();
    Records.write(server.bootstrap(), "kept", "one");

    server.stop();
    assertThat(Ports.isFree(port)).isTrue();
    server.start();
    Records.append(server.bootstrap(), "kept", "two");

    assertThat(server.port()).isEqualTo(port);
    assertThat(Records.read(server.bootstrap(), "kept", 2)).containsExactly("one", "two");
  }

  @Test
  void shouldNotMakeATopicByAccident() {
    assertThatThrownBy(() -> Records.append(server.bootstrap(), "misspelt", "value"))
        .hasMessageContaining("misspelt");
  }

  @Test
  void shouldTakeLittleDiskBeforeTheFirstRecord() throws IOException {
    assertThat(bytesIn(data)).isLessThan(5 << 20);
  }

  @Test
  void shouldHealAFormatThatCrashedHalfWay() throws Exception {
    Path half = Files.createDirectories(folder.resolve("other.initialising"));
    Files.writeString(half.resolve("bootstrap.checkpoint"), "half");
    try (KafkaServer other = KafkaServer.start(folder.resolve("other"), 0)) {
      Records.write(other.bootstrap(), "healed", "value");
      assertThat(half).doesNotExist();
    }
  }

  @Test
  void shouldRefuseAPortInUse() throws IOException {
    server.stop();
    try (ServerSocket other = new ServerSocket(server.port(), 1, Ports.loopback())) {
      assertThatThrownBy(server::start)
          .isInstanceOf(CannotStartException.class)
          .hasMessageContaining(
              "Port %d on 127.0.0.1, wanted for Kafka, is already in use", other.getLocalPort());
    }
  }

  @Test
  void shouldRefuseAFolderThatHoldsSomethingElse() throws IOException {
    Path photos = Files.createDirectory(folder.resolve("photos"));
    Files.writeString(photos.resolve("cat.jpg"), "meow");
    assertThatThrownBy(() -> KafkaServer.start(photos, 0))
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining("holds no complete Kafka data (meta.properties is missing)");
  }

  @Test
  void shouldRefuseAFolderAnotherBrokerHolds() {
    assertThatThrownBy(() -> KafkaServer.start(data, 0))
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining("Kafka does not start on " + data)
        .hasMessageContaining("lock");
  }

  /** As the disk counts: index files are sparse, their length says nothing. */
  private static long bytesIn(Path root) throws IOException {
    Process du = new ProcessBuilder("du", "-sk", root.toString()).start();
    String printed = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return Long.parseLong(printed.split("\\s", -1)[0]) * 1024;
  }
}
