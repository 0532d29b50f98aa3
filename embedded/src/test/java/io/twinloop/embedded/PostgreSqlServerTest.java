package io.twinloop.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a PostgreSQL of our own keeps through stops, crashes, left-overs and broken folders. */
class PostgreSqlServerTest {
  @TempDir Path folder;
  private Path data;
  private PostgreSqlServer server;

  @BeforeEach
  void start() {
    data = folder.resolve("postgres");
    server = PostgreSqlServer.start(data, 0);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void shouldKeepItsDataAndItsPortOverARestart() throws SQLException {
    int port = server.port();
    keep(42);

    server.stop();
    assertThat(server.isRunning()).isFalse();
    server.start();

    assertThat(server.port()).isEqualTo(port);
    assertThat(kept()).isEqualTo("42");
  }

  @Test
  void shouldKeepWhatItAcknowledgedOverACrash() throws SQLException {
    keep(43);

    server.kill();
    assertThat(server.isRunning()).isFalse();
    server.start();

    assertThat(kept()).isEqualTo("43");
  }

  @Test
  void shouldBeDurableAndSpeakOnlyOnLoopback() throws SQLException {
    assertThat(Sql.on(server).value("SHOW fsync")).isEqualTo("on");
    assertThat(Sql.on(server).value("SHOW synchronous_commit")).isEqualTo("on");
    assertThat(Sql.on(server).value("SHOW full_page_writes")).isEqualTo("on");
    assertThat(Sql.on(server).value("SHOW data_checksums")).isEqualTo("on");
    assertThat(Sql.on(server).value("SHOW listen_addresses")).isEqualTo("127.0.0.1");
    assertThat(Sql.on(server).value("SHOW server_version")).startsWith("18.");
    assertThat(Sql.on(server).value("SELECT current_database()")).isEqualTo("twinloop");
  }

  @Test
  void shouldLetNobodyInWithoutThePassword() {
    String wrong = server.url().replace(server.password(), "guess");
    assertThatThrownBy(() -> Sql.at(wrong).value("SELECT 1"))
        .hasMessageContaining("password authentication failed");
  }

  @Test
  void shouldMakeItsDatabaseAgainWhenItIsMissing() throws SQLException {
    String maintenance = server.url().replaceAll("/twinloop$", "/postgres");
    Sql.at(maintenance).execute("DROP DATABASE twinloop");

    server.stop();
    server.start();

    assertThat(Sql.on(server).value("SELECT 1")).isEqualTo("1");
  }

  @Test
  void shouldNotAnswerWhilePausedAndGoOnAfterwards() throws SQLException {
    server.pause();
    try {
      assertThatThrownBy(() -> Sql.on(server).value("SELECT 1")).isInstanceOf(SQLException.class);
    } finally {
      server.resume();
    }
    assertThat(Sql.on(server).value("SELECT 1")).isEqualTo("1");
  }

  @Test
  void shouldStopWhilePaused() {
    server.pause();
    server.stop();
    assertThat(server.isRunning()).isFalse();
  }

  @Test
  void shouldReplaceAServerLeftOverOnTheSameFolder() throws SQLException {
    keep(44);
    try (PostgreSqlServer second = PostgreSqlServer.start(data, server.port())) {
      assertThat(Sql.on(second).value("SELECT n FROM kept")).isEqualTo("44");
      assertThat(
              Sql.on(second)
                  .value(
                      "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
          .isEqualTo("1");
    }
  }

  @Test
  void shouldStartWhenTheStalePidFileNamesAnotherProcess() throws Exception {
    server.kill();
    Path pidFile = data.resolve("postmaster.pid");
    String stale = Files.readString(pidFile);
    String ownPid = Long.toString(ProcessHandle.current().pid());
    Files.writeString(pidFile, stale.replaceFirst("^[0-9]+", ownPid));

    server.start();

    assertThat(Sql.on(server).value("SELECT 1")).isEqualTo("1");
  }

  @Test
  void shouldHealAnInitialisationThatCrashedHalfWay() throws Exception {
    Path half = folder.resolve("other.initialising");
    Files.createDirectories(half.resolve("base"));
    Files.writeString(half.resolve("PG_VERSION"), "18\n");

    try (PostgreSqlServer other = PostgreSqlServer.start(folder.resolve("other"), 0)) {
      assertThat(Sql.on(other).value("SELECT 1")).isEqualTo("1");
      assertThat(half).doesNotExist();
    }
  }

  @Test
  void shouldRefuseAPortInUse() throws IOException {
    server.stop();
    try (ServerSocket other = new ServerSocket(server.port(), 1, Ports.loopback())) {
      assertThatThrownBy(server::start)
          .isInstanceOf(CannotStartException.class)
          .hasMessage(
              "Port %d on 127.0.0.1, wanted for PostgreSQL, is already in use: stop the program that holds it or choose another port.",
              other.getLocalPort());
    }
  }

  @Test
  void shouldRefuseDataOfAnotherMajorRelease() throws IOException {
    server.stop();
    Files.writeString(data.resolve("PG_VERSION"), "17\n");
    assertThatThrownBy(server::start)
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining(
            "was written by PostgreSQL 17, but this release brings PostgreSQL 18");
  }

  @Test
  void shouldSayWhatIsDamaged() throws IOException {
    server.stop();
    Files.writeString(data.resolve("global").resolve("pg_control"), "not a control file");
    assertThatThrownBy(server::start)
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining("PostgreSQL does not start on " + data)
        .hasMessageContaining("pg_control");
    assertThat(server.isRunning()).isFalse();
  }

  @Test
  void shouldRefuseAFolderThatHoldsSomethingElse() throws IOException {
    Path photos = Files.createDirectory(folder.resolve("photos"));
    Files.writeString(photos.resolve("cat.jpg"), "meow");
    assertThatThrownBy(() -> PostgreSqlServer.start(photos, 0))
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining("is not empty and holds no complete PostgreSQL data");
    assertThat(photos.resolve("cat.jpg")).hasContent("meow");
  }

  @Test
  void shouldRefuseAFileInPlaceOfTheFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> PostgreSqlServer.start(file, 0))
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining("is a file");
  }

  private void keep(int number) throws SQLException {
    Sql.on(server).execute("CREATE TABLE kept (n int)");
    Sql.on(server).execute("INSERT INTO kept VALUES (" + number + ")");
  }

  private String kept() throws SQLException {
    return Sql.on(server).value("SELECT n FROM kept");
  }
}
