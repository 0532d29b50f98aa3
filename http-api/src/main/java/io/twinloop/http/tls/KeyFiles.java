package io.twinloop.http.tls;

import com.typesafe.config.Config;
import io.twinloop.domain.Secret;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The files one side of a TLS connection shows who it is with, and knows the other side by.
 *
 * @param setting the configuration path these stand under, for messages
 * @param certificate PEM file with its certificate and those that lead to its CA; empty where
 *     {@code keyStore} has them
 * @param key PEM file with the private key of that certificate
 * @param keyPassword of the key or the key store; empty for none
 * @param keyStore PKCS#12 file with key and certificates, instead of the two PEM files
 * @param trusted PEM file with the CAs whose certificates the other side may show; empty: none
 */
public record KeyFiles(
    String setting,
    String certificate,
    String key,
    Secret keyPassword,
    String keyStore,
    String trusted) {

  /** Refuses half a pair, naming the key that is missing. */
  public KeyFiles {
    boolean pem = !certificate.isBlank() || !key.isBlank();
    if (pem && (certificate.isBlank() || key.isBlank())) {
      throw new IllegalArgumentException(
          "%s.%s must be set too: the certificate and its private key go together."
              .formatted(setting, certificate.isBlank() ? "certificate" : "key"));
    }
    if (pem && !keyStore.isBlank()) {
      throw new IllegalArgumentException(
          "%s has both a certificate and a key-store: choose one.".formatted(setting));
    }
    if (!pem && keyStore.isBlank() && !trusted.isBlank()) {
      throw new IllegalArgumentException(
          "%s names CAs but no certificate of its own: set certificate and key."
              .formatted(setting));
    }
  }

  /**
   * Reads them.
   *
   * @param trustedKey the name of the key with the CAs
   */
  public static KeyFiles from(Config application, String setting, String trustedKey) {
    Config config = application.getConfig(setting);
    return new KeyFiles(
        setting,
        config.getString("certificate"),
        config.getString("key"),
        Secret.of(optional(config, "key-password")),
        optional(config, "key-store"),
        config.getString(trustedKey));
  }

  private static String optional(Config config, String key) {
    return config.hasPath(key) ? config.getString(key) : "";
  }

  /** Whether any are named. */
  public boolean areNamed() {
    return !certificate.isBlank() || !keyStore.isBlank();
  }

  /** All of them. */
  List<Path> all() {
    List<Path> files = new ArrayList<>();
    for (String file : List.of(certificate, key, keyStore, trusted)) {
      if (!file.isBlank()) {
        files.add(Path.of(file));
      }
    }
    return files;
  }
}
