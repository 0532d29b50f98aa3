package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.spi.Connection;
import io.twinloop.embedded.PostgreSqlServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/** A PostgreSQL that takes encrypted connections only; both drivers by the same settings. */
class PostgresTlsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** A role that has to show a certificate. */
  private static final String CERTIFIED = "certified";

  private static final String IN_USE =
      "SELECT ssl::text || ' ' || version FROM pg_stat_ssl" + " WHERE pid = pg_backend_pid()";

  private static final HeldCertificate CA = ca("ours");
  private static final HeldCertificate OTHER_CA = ca("theirs");

  @TempDir static Path folder;
  private static PostgreSqlServer server;
  private static LoopResources loops;

  @BeforeAll
  static void startWithTls() throws Exception {
    loops = LoopResources.create("tls-test", 1, true);
    write("ca.pem", CA.certificatePem());
    write("other-ca.pem", OTHER_CA.certificatePem());
    Path data = folder.resolve("postgres");
    server = PostgreSqlServer.start(data, 0);
    try (java.sql.Connection connection =
        DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password())) {
      connection
          .createStatement()
          .execute("CREATE ROLE certified LOGIN PASSWORD '" + server.password() + "'");
    }
    server.stop();
    HeldCertificate own =
        new HeldCertificate.Builder()
            .commonName("postgres")
            .addSubjectAlternativeName("127.0.0.1")
            .signedBy(CA)
            .build();
    Files.writeString(data.resolve("server.crt"), own.certificatePem());
    Files.writeString(data.resolve("clients.crt"), CA.certificatePem());
    Path key = Files.writeString(data.resolve("server.key"), own.privateKeyPkcs8Pem());
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    Path settings = data.resolve("postgresql.conf");
    Files.writeString(
        settings,
        Files.readString(settings)
            + """
            ssl = on
            ssl_cert_file = 'server.crt'
            ssl_key_file = 'server.key'
            ssl_ca_file = 'clients.crt'
            """);
    Files.writeString(
        data.resolve("pg_hba.conf"),
        """
        hostssl all certified 127.0.0.1/32 scram-sha-256 clientcert=verify-ca
        hostssl all all 127.0.0.1/32 scram-sha-256
        """);
    server.start();
  }

  @AfterAll
  static void stop() {
    server.close();
    loops.dispose();
  }

  @Test
  void shouldEncryptAndVerifyWithBothDrivers() throws SQLException {
    PostgresSettings settings = settings("127.0.0.1", server.user(), verifyFull("ca.pem"));

    assertThat(byJdbc(settings)).isEqualTo("true TLSv1.3");
    assertThat(byR2dbc(settings)).isEqualTo("true TLSv1.3");
    assertThat(Schema.migrate(settings)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"verify-ca", "verify-full"})
  void shouldRefuseAServerWhoseCertificateAnotherCaSigned(String mode) {
    PostgresSettings settings =
        settings("127.0.0.1", server.user(), tls(mode, "other-ca.pem", "", ""));

    String sentence =
        "PostgreSQL at 127.0.0.1:%d shows a certificate that no CA in '%s' has signed: name its CA in twinloop.persistence.postgres.root-certificate."
            .formatted(server.port(), folder.resolve("other-ca.pem"));
    assertThat(refusal(settings, () -> byJdbc(settings))).isEqualTo(sentence);
    assertThat(refusal(settings, () -> byR2dbc(settings))).isEqualTo(sentence);
    assertThat(refusal(settings, () -> Schema.migrate(settings))).isEqualTo(sentence);
  }

  @Test
  void shouldRefuseACertificateForAnotherHost() {
    PostgresSettings settings = settings("localhost", server.user(), verifyFull("ca.pem"));

    String sentence =
        "PostgreSQL at localhost:%d shows a certificate for another host than 'localhost'"
            .formatted(server.port());
    assertThat(refusal(settings, () -> byJdbc(settings))).startsWith(sentence);
    assertThat(refusal(settings, () -> byR2dbc(settings))).startsWith(sentence);
  }

  @Test
  void shouldSayThatTheServerTakesEncryptedConnectionsOnly() {
    PostgresSettings settings = settings("127.0.0.1", server.user(), PostgresTls.NONE);

    String sentence =
        "PostgreSQL at 127.0.0.1:%d takes this role with TLS only, but twinloop.persistence.postgres.ssl-mode is 'disable': set it to verify-full."
            .formatted(server.port());
    assertThat(refusal(settings, () -> byJdbc(settings))).isEqualTo(sentence);
    assertThat(refusal(settings, () -> byR2dbc(settings))).isEqualTo(sentence);
  }

  @Test
  void shouldShowItsOwnCertificateWhereTheServerAsksForOne() throws Exception {
    for (HeldCertificate own :
        new HeldCertificate[] {
          signed().ecdsa256().build(), signed().rsa2048().build(),
        }) {
      Path certificate = write("node.crt", own.certificatePem());
      Path key = write("node.key", own.privateKeyPkcs8Pem());
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
      PostgresSettings settings =
          settings(
              "127.0.0.1",
              CERTIFIED,
              tls("verify-full", "ca.pem", certificate.toString(), key.toString()));

      assertThat(byJdbc(settings)).startsWith("true");
      assertThat(byR2dbc(settings)).startsWith("true");
    }

    PostgresSettings without = settings("127.0.0.1", CERTIFIED, verifyFull("ca.pem"));
    assertThat(refusal(without, () -> byJdbc(without)))
        .contains("wants to see a certificate of this node");
    assertThat(refusal(without, () -> byR2dbc(without)))
        .contains("wants to see a certificate of this node");
  }

  @Test
  void shouldTakeItAllFromAUrl() throws SQLException {
    PostgresSettings settings =
        PostgresSettings.read(
            com.typesafe.config.ConfigFactory.parseMap(
                    java.util.Map.of(
                        "twinloop.persistence.postgres.url",
                        server.url()
                            + "?sslmode=verify-full&sslrootcert="
                            + folder.resolve("ca.pem")))
                .withFallback(com.typesafe.config.ConfigFactory.load()));

    assertThat(byJdbc(settings)).startsWith("true");
    assertThat(settings.jdbcUrl()).doesNotContain(server.password());
  }

  @Test
  void shouldNameTheSettingThatIsMissingOrNoFile() throws IOException {
    Path text = write("text", "hello");
    assertThatThrownBy(() -> new PostgresTls("verify-full", "", "", ""))
        .hasMessageContaining("twinloop.persistence.postgres.root-certificate must name the CA's");
    assertThatThrownBy(() -> tls("verify-full", "none.pem", "", ""))
        .hasMessageContaining("root-certificate must name a file this user can read, but is '")
        .hasMessageContaining("none.pem");
    assertThatThrownBy(() -> tls("verify-full", "text", "", ""))
        .hasMessageContaining("root-certificate must name a PEM file of certificates");
    assertThatThrownBy(() -> tls("verify-full", "ca.pem", text.toString(), ""))
        .hasMessageContaining("twinloop.persistence.postgres.key must be set too");
    assertThatThrownBy(
            () -> new PostgresTls("require", "", text.toString(), CA.privateKeyPkcs8Pem()))
        .hasMessageNotContaining("BEGIN");
  }

  private interface Attempt {
    Object run() throws Exception;
  }

  private static String refusal(PostgresSettings settings, Attempt attempt) {
    Throwable failure = catchThrowable(attempt::run);
    assertThat(failure).isNotNull();
    return PostgresRefusal.of(settings, failure)
        .orElseThrow(() -> new AssertionError("not explained", failure));
  }

  private static String byJdbc(PostgresSettings settings) throws SQLException {
    try (java.sql.Connection connection =
            DriverManager.getConnection(settings.jdbcUrl(), settings.user(), settings.password());
        var rows = connection.createStatement().executeQuery(IN_USE)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static String byR2dbc(PostgresSettings settings) {
    PostgresqlConnectionFactory connections =
        ConnectionFactories.forReading(settings, Duration.ofSeconds(5), loops);
    return Mono.usingWhen(
            connections.create(),
            connection ->
                Flux.from(connection.createStatement(IN_USE).execute())
                    .flatMap(result -> result.map((row, metadata) -> row.get(0, String.class)))
                    .single(),
            Connection::close)
        .block(PATIENCE);
  }

  private static PostgresSettings settings(String host, String user, PostgresTls tls) {
    return new PostgresSettings(
        host,
        server.port(),
        server.database(),
        user,
        server.password(),
        tls,
        Duration.ofSeconds(5),
        1);
  }

  private static PostgresTls verifyFull(String root) {
    return tls("verify-full", root, "", "");
  }

  private static PostgresTls tls(String mode, String root, String certificate, String key) {
    return new PostgresTls(mode, folder.resolve(root).toString(), certificate, key);
  }

  private static HeldCertificate ca(String name) {
    return new HeldCertificate.Builder().commonName(name).certificateAuthority(0).build();
  }

  private static HeldCertificate.Builder signed() {
    return new HeldCertificate.Builder().commonName("node").signedBy(CA);
  }

  private static Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }
}
