package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.Secret;
import io.twinloop.http.tls.KeyFiles;
import io.twinloop.http.tls.KeyMaterial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How nodes speak to each other: over plain TCP, or over TLS with certificates of both sides, by
 * {@code twinloop.remoting.tls}. Pekko's provider reads the files again and again, so certificates
 * may be replaced while nodes run.
 */
final class Remoting {

  private static final Logger LOG = LoggerFactory.getLogger(Remoting.class);

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
    KeyFiles files =
        new KeyFiles(
            PATH,
            config.getString(PATH + ".certificate"),
            config.getString(PATH + ".key"),
            Secret.of(""),
            "",
            config.getString(PATH + ".ca"));
    if (!files.areNamed()) {
      return config;
    }
    if (files.trusted().isBlank()) {
      throw new IllegalArgumentException(
          PATH + ".ca must be set too: it tells which nodes belong to the cluster.");
    }
    requirePlain(files);
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

  /**
   * Pekko has no password for a key; a file that can't be read is told of by whoever reads it next.
   */
  private static void requirePlain(KeyFiles files) {
    try {
      if (Files.readString(Path.of(files.key())).contains("ENCRYPTED")) {
        throw new IllegalArgumentException(
            "%s.key names '%s', an encrypted key, but between nodes only plain ones are understood: decrypt it with 'openssl pkey', for this user's eyes only."
                .formatted(PATH, files.key()));
      }
    } catch (IOException | InvalidPathException e) {
      // Not told with its name, which may be the key itself: KeyMaterial, which reads it next, sees
      // to that.
      LOG.debug("The key of {} can't be read", PATH);
    }
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
