package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import io.twinloop.domain.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.config.types.Password;

/**
 * How brokers are spoken to, the same for everything that consumes, publishes or administers; read
 * once from {@code twinloop.kafka.security}.
 *
 * @param protocol PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL
 * @param ca PEM file of the CAs that sign the brokers' certificates; empty: those this Java trusts
 * @param certificate PEM file of this node's certificate, empty: it shows none
 * @param key PEM file (PKCS#8) of its private key
 * @param keyPassword of an encrypted key, empty for none
 * @param sasl who this node is
 * @param more further settings of the clients, by Kafka's own names
 */
public record KafkaSecurity(
    String protocol,
    String ca,
    String certificate,
    String key,
    Secret keyPassword,
    Sasl sasl,
    Map<String, String> more) {

  private static final String PATH = "twinloop.kafka.security";
  private static final List<String> PROTOCOLS =
      List.of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL");

  /** Without encryption, to brokers that trust everybody who reaches them. */
  public static final KafkaSecurity NONE =
      new KafkaSecurity(
          "PLAINTEXT",
          "",
          "",
          "",
          Secret.of(""),
          new Sasl("", "", Secret.of(""), Secret.of("")),
          Map.of());

  /**
   * Who this node is for the brokers.
   *
   * @param mechanism PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 …
   * @param jaas the whole entry for mechanisms that need more than user and password; else empty
   */
  public record Sasl(String mechanism, String user, Secret password, Secret jaas) {

    private String entry() {
      if (!jaas.isEmpty()) {
        return jaas.reveal();
      }
      String module =
          mechanism.startsWith("SCRAM")
              ? "org.apache.kafka.common.security.scram.ScramLoginModule"
              : "org.apache.kafka.common.security.plain.PlainLoginModule";
      return "%s required username=\"%s\" password=\"%s\";"
          .formatted(module, quoted(user), quoted(password.reveal()));
    }

    private static String quoted(String value) {
      return value.replace("\\", "\\\\").replace("\"", "\\\"");
    }
  }

  /** Refuses what does not fit together, naming the key. */
  public KafkaSecurity {
    more = Map.copyOf(more);
    check(PROTOCOLS.contains(protocol), "protocol", "be one of " + PROTOCOLS, protocol);
    boolean encrypted = protocol.endsWith("SSL");
    check(
        encrypted || (ca + certificate + key).isBlank(),
        "protocol",
        "be SSL or SASL_SSL where certificates are named",
        protocol);
    check(
        certificate.isBlank() == key.isBlank(),
        certificate.isBlank() ? "certificate" : "key",
        "be set too, as certificate and key go together",
        "");
    if (protocol.startsWith("SASL")) {
      check(!sasl.mechanism().isBlank(), "sasl.mechanism", "name a mechanism", "");
      check(
          !sasl.jaas().isEmpty() || (!sasl.user().isBlank() && !sasl.password().isEmpty()),
          "sasl.user",
          "be set, with sasl.password, or sasl.jaas instead of both",
          sasl.user());
      check(
          !sasl.jaas().isEmpty()
              || sasl.mechanism().equals("PLAIN")
              || sasl.mechanism().startsWith("SCRAM"),
          "sasl.jaas",
          "be set for the mechanism " + sasl.mechanism(),
          "");
    }
  }

  /**
   * Reads the settings; throws with the key that is wrong.
   *
   * @param application the whole configuration
   */
  public static KafkaSecurity of(Config application) {
    Config config = application.getConfig(PATH);
    Map<String, String> more = new TreeMap<>();
    config
        .getConfig("properties")
        .entrySet()
        .forEach(
            entry -> more.put(name(entry.getKey()), String.valueOf(entry.getValue().unwrapped())));
    KafkaSecurity security =
        new KafkaSecurity(
            config.getString("protocol"),
            config.getString("ca"),
            config.getString("certificate"),
            config.getString("key"),
            Secret.of(config.getString("key-password")),
            new Sasl(
                config.getString("sasl.mechanism"),
                config.getString("sasl.user"),
                Secret.of(config.getString("sasl.password")),
                Secret.of(config.getString("sasl.jaas"))),
            more);
    security.with(Map.of()); // files that can't be read are told of at start
    return security;
  }

  /** Kafka's names have dots in them, whether they were written in quotes or not. */
  private static String name(String path) {
    return String.join(".", ConfigUtil.splitPath(path));
  }

  /** The settings of a client with what it needs to get in; secrets don't print. */
  public Map<String, Object> with(Map<String, Object> client) {
    Map<String, Object> all = new HashMap<>(client);
    all.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, protocol);
    if (!ca.isBlank()) {
      all.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
      all.put(SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG, content("ca", ca));
    }
    if (!certificate.isBlank()) {
      all.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
      all.put(
          SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG, content("certificate", certificate));
      all.put(SslConfigs.SSL_KEYSTORE_KEY_CONFIG, content("key", key));
    }
    if (!keyPassword.isEmpty()) {
      all.put(SslConfigs.SSL_KEY_PASSWORD_CONFIG, new Password(keyPassword.reveal()));
    }
    if (protocol.startsWith("SASL")) {
      all.put(SaslConfigs.SASL_MECHANISM, sasl.mechanism());
      all.put(SaslConfigs.SASL_JAAS_CONFIG, new Password(sasl.entry()));
    }
    all.putAll(more);
    return all;
  }

  /** The further settings may hold secrets of mechanisms not known here. */
  @Override
  public String toString() {
    return "KafkaSecurity[%s, %s, user=%s]".formatted(protocol, sasl.mechanism(), sasl.user());
  }

  private static Password content(String setting, String file) {
    try {
      String pem = Files.readString(Path.of(file));
      check(pem.contains("-----BEGIN"), setting, "name a PEM file", file);
      return new Password(pem);
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException(
          "%s.%s must name a PEM file this user can read, but is '%s'."
              .formatted(PATH, setting, file.contains("-----") ? "(the content of one)" : file));
    }
  }

  private static void check(boolean fine, String key, String expected, String value) {
    if (!fine) {
      throw new IllegalArgumentException(
          "%s.%s must %s, but is '%s'.".formatted(PATH, key, expected, value));
    }
  }
}
