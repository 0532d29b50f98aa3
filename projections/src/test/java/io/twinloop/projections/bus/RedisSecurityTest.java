package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.Secret;
import io.twinloop.embedded.RedisServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Login and TLS to a real Redis, and what is refused before. */
class RedisSecurityTest {

  private static final HeldCertificate CA = ca("Redis CA");
  private static final HeldCertificate STRANGER = ca("another CA");

  @TempDir Path folder;

  @Test
  void shouldSpeakTlsWithCertificatesOfBothSidesAndLogIn() throws Exception {
    HeldCertificate node = new HeldCertificate.Builder().signedBy(CA).build();
    Path certificate = write("node.pem", node.certificatePem());
    Path key = write("node.key", node.privateKeyPkcs8Pem());
    int port = freePort();
    try (RedisServer redis =
        overTls(
            port,
            "--tls-auth-clients",
            "yes",
            "--user",
            "twin",
            "on",
            ">let-me-in",
            "~*",
            "&*",
            "+@all")) {
      assertThat(redis.isRunning()).isTrue();
      RedisSecurity security =
          new RedisSecurity(
              "twin",
              Secret.of("let-me-in"),
              folder.resolve("ca.pem").toString(),
              certificate.toString(),
              key.toString(),
              Secret.of(""));
      anEventGoesThrough("rediss://127.0.0.1:" + port, security);
    }
  }

  @Test
  void shouldTakeTheLoginFromTheUrl() throws Exception {
    TestRedis.assumeInstalled();
    try (RedisServer redis =
        RedisServer.start(folder.resolve("redis"), 0, "--requirepass", "p@ss:word")) {
      anEventGoesThrough("redis://:p%40ss%3Aword@127.0.0.1:" + redis.port(), RedisSecurity.NONE);
      anEventGoesThrough(
          "redis://default:wrong@127.0.0.1:" + redis.port() + "/1", login("default", "p@ss:word"));
    }
  }

  @Test
  void shouldSayAtStartThatTheLoginIsRefused() {
    TestRedis.assumeInstalled();
    try (RedisServer redis =
        RedisServer.start(folder.resolve("redis"), 0, "--requirepass", "right")) {
      assertRefused(redis.url(), login("", "wrong"), "WRONGPASS");
      assertRefused(redis.url(), RedisSecurity.NONE, "NOAUTH");
    }
  }

  @Test
  void shouldSayAtStartThatTheServerIsNotTrusted() throws Exception {
    int port = freePort();
    try (RedisServer redis = overTls(port, "--tls-auth-clients", "no")) {
      Path others = write("others.pem", STRANGER.certificatePem());
      assertThat(redis.isRunning()).isTrue();
      assertRefused(
          "rediss://127.0.0.1:" + port,
          new RedisSecurity("", Secret.of(""), others.toString(), "", "", Secret.of("")),
          "certification path");
    }
  }

  @Test
  void shouldPrintNoSecret() {
    RedisSettings settings =
        TestRedis.at("redis://twin:in-the-url@h:1/2", login("twin", "in-the-settings"), 1, 10);

    assertThat(settings.toString() + settings.uri() + settings.address())
        .contains("h:1/2")
        .doesNotContain("in-the-url", "in-the-settings");
  }

  @Test
  void shouldNameTheKeyThatIsWrong() throws Exception {
    Path pem = write("a.pem", CA.certificatePem());
    String bus = "twinloop.integration.event_bus.";
    assertThatThrownBy(() -> read(bus + "redis_url = \"http://h:1\""))
        .hasMessageContaining("event_bus.redis_url must be redis://host:port or rediss://");
    assertThatThrownBy(() -> read(bus + "redis_url = \"redis://user:hush@h:1/one\""))
        .hasMessageContaining("redis_url must be")
        .hasMessageNotContaining("hush");
    assertThatThrownBy(() -> read(bus + "redis_url = \"redis-sentinel://h:1\""))
        .hasMessageContaining("sentinels and clusters are not supported");
    assertThatThrownBy(() -> read(bus + "batch_size = 0"))
        .hasMessage(bus + "batch_size is 0, but must be at least 1.");
    assertThatThrownBy(() -> read("twinloop.redis.streams = 0"))
        .hasMessage("twinloop.redis.streams is 0, but must be at least 1.");
    assertThatThrownBy(() -> read("twinloop.redis.user = twin"))
        .hasMessageContaining("twinloop.redis.password must be set too");
    assertThatThrownBy(() -> read("twinloop.redis.ca = /no/such/ca.pem"))
        .hasMessage(
            "twinloop.redis.ca must name a PEM file this user can read, but is '/no/such/ca.pem'.");
    assertThatThrownBy(() -> read("twinloop.redis.certificate = \"" + pem + "\""))
        .hasMessageContaining("twinloop.redis.key must be set too");
    assertThatThrownBy(() -> read("twinloop.redis.ca = \"" + pem + "\""))
        .hasMessageContaining("redis_url must begin with rediss:// where certificates are named");
    assertThatThrownBy(() -> EventBus.open(config(bus + "type = pulsar")))
        .hasMessage("twinloop.integration.event_bus.type is 'pulsar', but must be kafka or redis.");
  }

  @Test
  void shouldOpenTheBusThatIsNamed() {
    for (String name : List.of("redis", "redis_streams")) {
      try (EventBus bus = EventBus.open(config("twinloop.integration.event_bus.type = " + name))) {
        assertThat(bus.name()).isEqualTo("Redis");
        assertThat(bus.address()).isEqualTo("127.0.0.1:6379");
      }
    }
    try (EventBus bus = EventBus.open(ConfigFactory.load())) {
      assertThat(bus.name()).isEqualTo("Kafka");
    }
  }

  private static RedisSettings read(String hocon) {
    return RedisSettings.of(config(hocon));
  }

  private static Config config(String hocon) {
    return ConfigFactory.parseString(hocon).withFallback(ConfigFactory.load());
  }

  /** The shared connection, and the one on which a reader waits, got in. */
  private static void anEventGoesThrough(String url, RedisSecurity security) throws Exception {
    try (RedisBus bus =
        new RedisBus(BusContract.group("secured"), TestRedis.at(url, security, 1, 100))) {
      bus.prepare();
      bus.publish(Events.event("secured")).toCompletableFuture().get(20, TimeUnit.SECONDS);
      bus.ping(Duration.ofSeconds(20)).toCompletableFuture().get(20, TimeUnit.SECONDS);
      var own = bus.connect().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertThat(own.sync().xlen("stream:bpa-to-dto")).isEqualTo(1);
    }
  }

  private static void assertRefused(String url, RedisSecurity security, String why) {
    RedisSettings settings = TestRedis.at(url, security, 1, 100);
    try (RedisBus bus = new RedisBus(BusContract.group("refused"), settings)) {
      assertThatThrownBy(bus::prepare)
          .isInstanceOf(BusRefusedException.class)
          .hasMessageStartingWith(
              "Redis at " + settings.address() + " and this node do not trust each other: ")
          .hasMessageContaining(why);
    }
  }

  private RedisServer overTls(int port, String... more) throws Exception {
    TestRedis.assumeInstalled();
    HeldCertificate own =
        new HeldCertificate.Builder().addSubjectAlternativeName("127.0.0.1").signedBy(CA).build();
    List<String> options =
        new ArrayList<>(
            List.of(
                "--tls-port",
                Integer.toString(port),
                "--tls-ca-cert-file",
                write("ca.pem", CA.certificatePem()).toString(),
                "--tls-cert-file",
                write("server.pem", own.certificatePem()).toString(),
                "--tls-key-file",
                write("server.key", own.privateKeyPkcs8Pem()).toString()));
    options.addAll(List.of(more));
    return RedisServer.start(folder.resolve("redis"), 0, options.toArray(String[]::new));
  }

  private static RedisSecurity login(String user, String password) {
    return new RedisSecurity(user, Secret.of(password), "", "", "", Secret.of(""));
  }

  private static HeldCertificate ca(String name) {
    return new HeldCertificate.Builder().commonName(name).certificateAuthority(0).build();
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
