package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.http.tls.KeyFiles;
import io.twinloop.http.tls.KeyMaterial;
import java.time.Instant;
import java.util.Map;

/**
 * How nodes speak to each other: over plain TCP, or over TLS with certificates of both sides, by
 * {@code twinloop.remoting.tls}. Pekko's provider reads the files again and again, so certificates
 * may be replaced while nodes run.
 */
final class Remoting {

  private static final String PATH = "twinloop.remoting.tls";
  private static final String ENGINE = "pekko.remote.artery.ssl.";
  private static final String KEYS = ENGINE + "rotating-keys-engine.";

  private Remoting() {}

  /**
   * The configuration for the actor system.
   *
   * @throws IllegalArgumentException with one sentence when the files can't be used
   */
  static Config secured(Config config, Instant now) {
    KeyFiles files = KeyFiles.from(config, PATH, "ca");
    if (!files.areNamed()) {
      return config;
    }
    if (files.trusted().isBlank()) {
      throw new IllegalArgumentException(
          PATH + ".ca must be set too: it tells which nodes belong to the cluster.");
    }
    requireRsa(KeyMaterial.read(files, now), files);
    return ConfigFactory.parseMap(
            Map.of(
                "pekko.remote.artery.transport",
                "tls-tcp",
                ENGINE + "ssl-engine-provider",
                "org.apache.pekko.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider",
                KEYS + "cert-file",
                files.certificate(),
                KEYS + "key-file",
                files.key(),
                KEYS + "ca-cert-file",
                files.trusted(),
                KEYS + "ssl-context-cache-ttl",
                config.getString(PATH + ".reload-interval")),
            PATH)
        .withFallback(config);
  }

  /** What Pekko can read. */
  private static void requireRsa(KeyMaterial material, KeyFiles files) {
    String algorithm = material.certificate().getPublicKey().getAlgorithm();
    if (!algorithm.equals("RSA")) {
      throw new IllegalArgumentException(
          "%s.key names '%s', an %s key, but between nodes only RSA keys are understood: have one made, e.g. with 'openssl req -newkey rsa:3072'."
              .formatted(PATH, files.key(), algorithm));
    }
  }
}
