package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.twinloop.embedded.KafkaServer;
import io.twinloop.embedded.KafkaServer.SecuredListener;
import io.twinloop.embedded.PostgreSqlServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node that knows many secrets, tells everything it can in its log, and is tried hard: nothing it
 * shows anywhere holds one of them.
 */
class SecretsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String KAFKA = "kafka-Zq4w8Rt2";
  private static final String KEY_STORE = "keystore-Mn7b3Vc9";
  private static final String JWT = "jwt-Lk5j1Hg6-0123456789-0123456789-0123456789";
  private static final String BEARER = "bearer-Po0i4Uy8";
  private static final String API_KEY = "apikey-Ws3e7Dx5";
  private static final String WORKFLOW = "workflow-Ik8o2Lp6";

  /** Everything on, also what the node's own configuration keeps quiet. */
  private static final String TALKATIVE =
      """
      <configuration>
        <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
          <encoder><pattern>%d %level [%thread] %logger %mdc %msg%n%ex{full}</pattern></encoder>
        </appender>
        <root level="DEBUG"><appender-ref ref="OUT"/></root>
      </configuration>
      """;

  private static final String CALLS_OUT =
      """
      document: {dsl: '1.0.3', namespace: twinloop, name: calls-out, version: '1.0.0'}
      do:
        - call:
            call: http
            with:
              method: get
              endpoint:
                uri: 'http://127.0.0.1:1/'
                authentication: {basic: {username: twin, password: '%s'}}
      """
          .formatted(WORKFLOW);

  private static final String PERSONAL_DATA =
      Base64.getEncoder()
          .encodeToString("personal-data-key-kept-from-logs".getBytes(StandardCharsets.UTF_8));

  private static final HeldCertificate CA =
      new HeldCertificate.Builder().commonName("ours").certificateAuthority(0).build();

  @TempDir Path folder;
  private final Map<String, String> shown = new LinkedHashMap<>();

  @Test
  void shouldShowNoSecretAnywhere() throws Exception {
    Path secrets = Files.createDirectory(folder.resolve("secrets"));
    Path run = Files.createDirectory(folder.resolve("run"));
    HeldCertificate own = signed();
    SSLContext trusting =
        new HandshakeCertificates.Builder()
            .addTrustedCertificate(CA.certificate())
            .build()
            .sslContext();
    try (PostgreSqlServer postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
        KafkaServer kafka = secured(own);
        NodeProcess node =
            NodeProcess.named("a", run)
                .overTls(trusting)
                .with("TWINLOOP_POSTGRES_URL_FILE", write(secrets, "url", postgres.url()))
                .with("TWINLOOP_KAFKA_BOOTSTRAP", kafka.securedBootstrap())
                .with("TWINLOOP_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
                .with("TWINLOOP_KAFKA_CA", write(secrets, "ca.pem", CA.certificatePem()))
                .with("TWINLOOP_KAFKA_SASL_MECHANISM", "PLAIN")
                .with("TWINLOOP_KAFKA_SASL_USER", "twin")
                .with("TWINLOOP_KAFKA_SASL_PASSWORD_FILE", write(secrets, "kafka", KAFKA))
                .with("TWINLOOP_PERSONAL_DATA_KEY_FILE", write(secrets, "personal", PERSONAL_DATA))
                .with("TWINLOOP_HTTP_TLS_KEY_STORE", keyStore(secrets, own))
                .with("TWINLOOP_HTTP_TLS_KEY_PASSWORD", KEY_STORE)
                .withJvmOption("-Dlogback.configurationFile=" + write(run, "log.xml", TALKATIVE))
                .withJvmOption("-Dpekko.loglevel=DEBUG")
                .start()) {
      exercise(node, postgres, trusting);
      look(node, trusting);
      node.stopGracefully();

      node.with("TWINLOOP_JWT_SECRET_FILE", write(secrets, "jwt", JWT)).start();
      assertThat(ask(node, trusting, "GET", "/api/v1/kpis", "")).as("login is on").isEqualTo(401);
      look(node, trusting);
      node.stopGracefully();

      shown.put("output", node.output());
      assertThat(node.output())
          .as("what Kafka, both drivers, the pool and HTTP tell is there")
          .contains("sasl.jaas.config = [hidden]", "io.r2dbc.postgresql.client", "HikariConfig")
          .contains("] org.apache.pekko.cluster", "calls-out")
          .hasSizeGreaterThan(100_000);
      findNothingOf(Map.of("the database password", postgres.password()), run);
      findNothingOf(
          Map.of(
              "the password for Kafka", KAFKA,
              "the password of the key store", KEY_STORE,
              "the JWT secret", JWT,
              "the key for personal data", PERSONAL_DATA,
              "a bearer token", BEARER,
              "an API key", API_KEY,
              "the secret of a workflow", WORKFLOW),
          run);
    }
  }

  /** Requests that are answered, refused, and fail; a workflow that calls out; a database away. */
  private void exercise(NodeProcess node, PostgreSqlServer postgres, SSLContext trusting)
      throws Exception {
    assertThat(ask(node, trusting, "PUT", "/api/v1/kpis/k", "{\"name\": \"k\", \"unit\": \"1\"}"))
        .isEqualTo(201);
    assertThat(ask(node, trusting, "POST", "/api/v1/kpis/k/samples", "{\"value\": 42}"))
        .isEqualTo(200);
    assertThat(ask(node, trusting, "POST", "/api/v1/kpis/k/samples", "{\"value\":")).isEqualTo(400);
    assertThat(ask(node, trusting, "GET", "/api/v1/nowhere", "")).isEqualTo(404);
    assertThat(ask(node, trusting, "POST", "/api/v1/workflow-definitions", CALLS_OUT))
        .isEqualTo(201);
    assertThat(
            ask(
                node,
                trusting,
                "POST",
                "/api/v1/workflows",
                "{\"definition\": {\"namespace\": \"twinloop\", \"name\": \"calls-out\"}, \"input\": {}}"))
        .isBetween(200, 202);
    postgres.stop();
    await()
        .atMost(PATIENCE)
        .until(() -> node.status("/health/ready").filter(status -> status == 503).isPresent());
    assertThat(ask(node, trusting, "GET", "/api/v1/kpis/k", "")).isEqualTo(503);
    postgres.start();
    await().atMost(PATIENCE).until(node::isReady);
  }

  /** What a node shows without being asked for a secret. */
  private void look(NodeProcess node, SSLContext trusting) throws Exception {
    for (String path :
        new String[] {"/metrics", "/health/ready", "/health/events", "/openapi.json"}) {
      shown.merge(path, body(node, trusting, path), String::concat);
    }
    Path commandLine = Path.of("/proc", Long.toString(node.pid()), "cmdline");
    if (Files.exists(commandLine)) {
      shown.merge("command line", Files.readString(commandLine), String::concat);
    }
    shown.merge("threads", tool("jcmd", node.pid(), "Thread.print"), String::concat);
    shown.merge("JVM flags", tool("jcmd", node.pid(), "VM.command_line"), String::concat);
    assertThat(shown.get("threads")).contains("read-models-1");
  }

  private void findNothingOf(Map<String, String> secrets, Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        shown.put(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    secrets.forEach(
        (what, secret) ->
            shown.forEach(
                (where, text) -> {
                  for (String form :
                      new String[] {secret, base64(secret), base64("twin:" + secret)}) {
                    int at = text.indexOf(form);
                    assertThat(at == -1 ? "" : around(text, at))
                        .as("%s in %s", what, where)
                        .isEmpty();
                  }
                }));
  }

  private static String around(String text, int at) {
    return text.substring(Math.max(0, at - 200), Math.min(text.length(), at + 60));
  }

  private static String base64(String secret) {
    return Base64.getEncoder()
        .withoutPadding()
        .encodeToString(secret.getBytes(StandardCharsets.UTF_8));
  }

  private static int ask(
      NodeProcess node, SSLContext trusting, String method, String path, String body)
      throws IOException, InterruptedException {
    return client(trusting)
        .send(
            HttpRequest.newBuilder(node.url().resolve(path))
                .timeout(PATIENCE)
                .header(
                    "Content-Type",
                    body.startsWith("document") ? "application/yaml" : "application/json")
                .header("Authorization", "Bearer " + BEARER)
                .header("X-Api-Key", API_KEY)
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  private static String body(NodeProcess node, SSLContext trusting, String path)
      throws IOException, InterruptedException {
    return client(trusting)
        .send(
            HttpRequest.newBuilder(node.url().resolve(path)).timeout(PATIENCE).build(),
            BodyHandlers.ofString())
        .body();
  }

  private static HttpClient client(SSLContext trusting) {
    return HttpClient.newBuilder().sslContext(trusting).build();
  }

  private static String tool(String name, long pid, String command)
      throws IOException, InterruptedException {
    Process tool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", name).toString(),
                Long.toString(pid),
                command)
            .redirectErrorStream(true)
            .start();
    String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(tool.waitFor()).as(said).isZero();
    return said;
  }

  private KafkaServer secured(HeldCertificate own) {
    return KafkaServer.start(
        folder.resolve("kafka"),
        0,
        new SecuredListener(
            "SASL_SSL",
            Map.of(
                "ssl.keystore.type",
                "PEM",
                "ssl.keystore.certificate.chain",
                own.certificatePem(),
                "ssl.keystore.key",
                own.privateKeyPkcs8Pem(),
                "sasl.enabled.mechanisms",
                "PLAIN",
                "plain.sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required"
                    + " user_twin=\"%s\";".formatted(KAFKA))));
  }

  private static HeldCertificate signed() {
    return new HeldCertificate.Builder()
        .commonName("node")
        .addSubjectAlternativeName("127.0.0.1")
        .signedBy(CA)
        .build();
  }

  private static String keyStore(Path secrets, HeldCertificate own) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry(
        "own",
        own.keyPair().getPrivate(),
        KEY_STORE.toCharArray(),
        new Certificate[] {own.certificate()});
    Path file = secrets.resolve("node.p12");
    try (OutputStream out = Files.newOutputStream(file)) {
      keys.store(out, KEY_STORE.toCharArray());
    }
    return file.toString();
  }

  private static String write(Path folder, String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content).toString();
  }
}
