package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.twinloop.domain.Secret;
import io.twinloop.embedded.KafkaServer;
import io.twinloop.embedded.KafkaServer.SecuredListener;
import io.twinloop.projections.MovableClock;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.KafkaSecurity.Sasl;
import io.twinloop.projections.personaldata.TestPersonalData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.tls.HeldCertificate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Brokers that let in only whom they know, and are let in only when they are known. */
class KafkaSecurityTest {

  private static final HeldCertificate CA = ca("ours");
  private static final HeldCertificate OTHER_CA = ca("theirs");
  private static final String PASSWORD = "a \"quoted\\ password";

  @TempDir Path folder;

  @Test
  void shouldPublishConsumeAndAdministerWithCertificatesOfBothSides() throws Exception {
    try (KafkaServer broker = start("SSL", Map.of("ssl.client.auth", "required"))) {
      HeldCertificate node = new HeldCertificate.Builder().commonName("n").signedBy(CA).build();
      KafkaSecurity both =
          security(
              "SSL",
              "ca.pem",
              write("node.pem", node.certificatePem()),
              write("node.key", node.privateKeyPkcs8Pem()),
              nobody());

      anEventGoesThrough(settings(broker, both));

      assertRefused(
          settings(broker, security("SSL", "ca.pem", "", "", nobody())), "Received fatal alert");
    }
  }

  @Test
  void shouldRefuseBrokersOfAnotherCa() throws Exception {
    try (KafkaServer broker = start("SSL", Map.of())) {
      write("other.pem", OTHER_CA.certificatePem());

      assertRefused(
          settings(broker, security("SSL", "other.pem", "", "", nobody())),
          "unable to find valid certification path");
    }
  }

  @Test
  void shouldRefuseBrokersWhoseCertificateIsForAnotherHost() throws Exception {
    HeldCertificate elsewhere =
        new HeldCertificate.Builder()
            .addSubjectAlternativeName("kafka.example")
            .signedBy(CA)
            .build();
    try (KafkaServer broker = start("SSL", Map.of(), elsewhere)) {
      assertRefused(
          settings(broker, security("SSL", "ca.pem", "", "", nobody())),
          "No subject alternative names matching IP address 127.0.0.1 found");
    }
  }

  @Test
  void shouldLogInWithUserAndPasswordOverTls() throws Exception {
    try (KafkaServer broker =
        start(
            "SASL_SSL",
            Map.of(
                "sasl.enabled.mechanisms",
                "PLAIN",
                "plain.sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required"
                    + " user_twin=\"a \\\"quoted\\\\ password\";"))) {
      anEventGoesThrough(
          settings(broker, security("SASL_SSL", "ca.pem", "", "", twin("PLAIN", PASSWORD))));

      assertRefused(
          settings(broker, security("SASL_SSL", "ca.pem", "", "", twin("PLAIN", "wrong"))),
          "Authentication failed");
    }
  }

  @Test
  void shouldLogInWithScramOverTls() throws Exception {
    try (KafkaServer broker =
        start(
            "SASL_SSL",
            Map.of(
                "sasl.enabled.mechanisms",
                "SCRAM-SHA-512",
                "scram-sha-512.sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"))) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
        admin
            .alterUserScramCredentials(
                List.of(
                    new UserScramCredentialUpsertion(
                        "twin",
                        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                        PASSWORD)))
            .all()
            .get(20, TimeUnit.SECONDS);
      }
      anEventGoesThrough(
          settings(
              broker, security("SASL_SSL", "ca.pem", "", "", twin("SCRAM-SHA-512", PASSWORD))));

      assertRefused(
          settings(broker, security("SASL_SSL", "ca.pem", "", "", twin("SCRAM-SHA-512", "wrong"))),
          "Authentication failed");
    }
  }

  @Test
  void shouldPrintNoSecret() throws Exception {
    HeldCertificate node = new HeldCertificate.Builder().build();
    KafkaSecurity security =
        new KafkaSecurity(
            "SASL_SSL",
            "",
            write("node.pem", node.certificatePem()).toString(),
            write("node.key", node.privateKeyPkcs8Pem()).toString(),
            Secret.of("key password"),
            twin("PLAIN", "sasl password"),
            Map.of("sasl.oauthbearer.client.credentials.client.secret", "client secret"));

    assertThat(security.toString()).contains("twin").doesNotContain("password", "client secret");
    assertThat(security.with(Map.of("sasl.jaas.config", "")).toString())
        .contains("security.protocol=SASL_SSL")
        .doesNotContain("key password", "sasl password", "PRIVATE KEY");
  }

  @Test
  void shouldNameTheKeyThatIsWrong() {
    assertThatThrownBy(() -> read("protocol = TLS"))
        .hasMessageContaining("twinloop.kafka.security.protocol must be one of");
    assertThatThrownBy(() -> read("protocol = SASL_SSL"))
        .hasMessageContaining("twinloop.kafka.security.sasl.user must be set");
    assertThatThrownBy(() -> read("protocol = SSL, ca = /no/such/ca.pem"))
        .hasMessage(
            "twinloop.kafka.security.ca must name a PEM file this user can read, but is '/no/such/ca.pem'.");
    assertThatThrownBy(() -> read("protocol = SSL, certificate = a.pem"))
        .hasMessageContaining("twinloop.kafka.security.key must be set too");
    assertThatThrownBy(() -> read("ca = a.pem"))
        .hasMessageContaining("protocol must be SSL or SASL_SSL where certificates are named");
    assertThatThrownBy(
            () ->
                read(
                    "protocol = SASL_SSL, sasl { mechanism = OAUTHBEARER, user = a, password = b }"))
        .hasMessageContaining("sasl.jaas must be set for the mechanism OAUTHBEARER");
  }

  @Test
  void shouldTakeFurtherSettingsByTheNamesOfKafka() {
    assertThat(read("properties { \"sasl.kerberos.service.name\" = kafka }").with(Map.of()))
        .containsEntry("sasl.kerberos.service.name", "kafka")
        .containsEntry("security.protocol", "PLAINTEXT");
  }

  private static KafkaSecurity read(String hocon) {
    Config config =
        ConfigFactory.parseString("twinloop.kafka.security { " + hocon + " }")
            .withFallback(ConfigFactory.load());
    return KafkaSecurity.of(config);
  }

  /** Publishes an event and sees it handled: the admin, the producer and the consumer got in. */
  private static void anEventGoesThrough(KafkaSettings settings) throws Exception {
    ActorTestKit system = ActorTestKit.create("secured", ConfigFactory.load());
    ReadModels readModels = TestPostgres.readModels();
    try (KafkaBus bus = new KafkaBus(TestKafka.settings("secured"), settings)) {
      TestPostgres.empty(readModels);
      bus.prepare();
      assertThat(bus.ping(Duration.ofSeconds(20)).toCompletableFuture().get(20, TimeUnit.SECONDS))
          .isNotBlank();
      MovableClock clock = new MovableClock(Instant.now());
      ScriptedEffect effect = new ScriptedEffect();
      SimpleMeterRegistry metrics = new SimpleMeterRegistry();
      EventDelivery delivery =
          new EventDelivery(
              TestKafka.settings("secured"),
              Map.of(Events.TYPE, effect),
              readModels.database(),
              new DeadLetters(readModels.database(), bus, clock),
              TestPersonalData.create(),
              clock,
              () -> false,
              metrics);
      EventConsumer.Running running =
          bus.consumer(system.system(), delivery, clock, metrics).start();
      bus.publish(Events.event("secured")).toCompletableFuture().get(20, TimeUnit.SECONDS);
      await().atMost(Duration.ofSeconds(40)).until(() -> effect.reached().contains("secured"));
      running.stop().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } finally {
      readModels.close();
      system.shutdownTestKit();
    }
  }

  private static void assertRefused(KafkaSettings settings, String why) {
    try (KafkaBus bus = new KafkaBus(TestKafka.settings("secured"), settings)) {
      assertThatThrownBy(bus::prepare)
          .isInstanceOf(BusRefusedException.class)
          .hasMessageStartingWith(
              "Kafka at " + settings.bootstrap() + " and this node do not trust each other: ")
          .hasMessageContaining(why);
    }
  }

  private KafkaServer start(String protocol, Map<String, String> more) throws Exception {
    HeldCertificate broker =
        new HeldCertificate.Builder().addSubjectAlternativeName("127.0.0.1").signedBy(CA).build();
    return start(protocol, more, broker);
  }

  private KafkaServer start(String protocol, Map<String, String> more, HeldCertificate own)
      throws Exception {
    write("ca.pem", CA.certificatePem());
    Map<String, String> settings = new java.util.HashMap<>(more);
    settings.put("ssl.keystore.type", "PEM");
    settings.put("ssl.keystore.certificate.chain", own.certificatePem());
    settings.put("ssl.keystore.key", own.privateKeyPkcs8Pem());
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.certificates", CA.certificatePem());
    return KafkaServer.start(folder.resolve("kafka"), 0, new SecuredListener(protocol, settings));
  }

  private static KafkaSettings settings(KafkaServer broker, KafkaSecurity security) {
    return TestKafka.at(broker.securedBootstrap(), security);
  }

  private KafkaSecurity security(
      String protocol, String ca, Object certificate, Object key, Sasl sasl) {
    return new KafkaSecurity(
        protocol,
        folder.resolve(ca).toString(),
        certificate.toString(),
        key.toString(),
        Secret.of(""),
        sasl,
        Map.of());
  }

  private static Sasl nobody() {
    return new Sasl("", "", Secret.of(""), Secret.of(""));
  }

  private static Sasl twin(String mechanism, String password) {
    return new Sasl(mechanism, "twin", Secret.of(password), Secret.of(""));
  }

  private static HeldCertificate ca(String name) {
    return new HeldCertificate.Builder().commonName(name).certificateAuthority(0).build();
  }

  private Path write(String name, String content) throws Exception {
    return Files.writeString(folder.resolve(name), content);
  }
}
