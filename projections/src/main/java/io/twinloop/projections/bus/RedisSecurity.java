package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import io.lettuce.core.SslOptions;
import io.twinloop.domain.Secret;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * How Redis is spoken to, for everything that publishes or consumes; read once from {@code
 * twinloop.redis}.
 *
 * @param user of the ACL, empty for the default one
 * @param password empty where none is asked for
 * @param ca PEM file of the CAs that sign the server's certificate; empty: those this Java trusts
 * @param certificate PEM file of this node's certificate, empty: it shows none
 * @param key PEM file (PKCS#8) of its private key
 * @param keyPassword of an encrypted key, empty for none
 */
public record RedisSecurity(
    String user, Secret password, String ca, String certificate, String key, Secret keyPassword) {

  private static final String PATH = "twinloop.redis";

  /** Without login, and with what this Java trusts. */
  public static final RedisSecurity NONE =
      new RedisSecurity("", Secret.of(""), "", "", "", Secret.of(""));

  /** Refuses what does not fit together, naming the key. */
  public RedisSecurity {
    check(
        user.isBlank() || !password.isEmpty(), "password", "be set too, as user is set", "(empty)");
    check(
        certificate.isBlank() == key.isBlank(),
        certificate.isBlank() ? "certificate" : "key",
        "be set too, as certificate and key go together",
        "(empty)");
    checkPem("ca", ca);
    checkPem("certificate", certificate);
    checkPem("key", key);
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static RedisSecurity of(Config application) {
    Config config = application.getConfig(PATH);
    return new RedisSecurity(
        config.getString("user"),
        Secret.of(config.getString("password")),
        config.getString("ca"),
        config.getString("certificate"),
        config.getString("key"),
        Secret.of(config.getString("key-password")));
  }

  /** Whether there is something that only an encrypted connection needs. */
  boolean namesCertificates() {
    return !(ca + certificate + key).isBlank();
  }

  /** What the client trusts and shows. */
  SslOptions tls() {
    SslOptions.Builder tls = SslOptions.builder().jdkSslProvider();
    if (!ca.isBlank()) {
      tls.trustManager(new File(ca));
    }
    if (!certificate.isBlank()) {
      tls.keyManager(
          new File(certificate),
          new File(key),
          keyPassword.isEmpty() ? null : keyPassword.reveal().toCharArray());
    }
    return tls.build();
  }

  private static void checkPem(String setting, String file) {
    if (file.isBlank()) {
      return;
    }
    try {
      check(
          Files.readString(Path.of(file)).contains("-----BEGIN"), setting, "name a PEM file", file);
    } catch (IOException | InvalidPathException e) {
      check(
          false,
          setting,
          "name a PEM file this user can read",
          file.contains("-----") ? "(the content of one)" : file);
    }
  }

  private static void check(boolean fine, String key, String expected, String value) {
    if (!fine) {
      throw new IllegalArgumentException(
          "%s.%s must %s, but is '%s'.".formatted(PATH, key, expected, value));
    }
  }
}
