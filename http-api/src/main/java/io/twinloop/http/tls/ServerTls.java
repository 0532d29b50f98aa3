package io.twinloop.http.tls;

import io.twinloop.http.tls.TlsSettings.ClientCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS of a server whose certificate may be replaced while it runs: new connections use what the
 * files hold now, those that stand go on. Files that don't fit are reported and change nothing, so
 * a certificate written before its key does no harm.
 */
public final class ServerTls {

  private static final Logger LOG = LoggerFactory.getLogger(ServerTls.class);
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  private final TlsSettings settings;
  private final Clock clock;
  private volatile SSLContext current;
  private String seen;
  private String refused = "";

  private ServerTls(TlsSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
    this.seen = fingerprint(settings.files().all());
    this.current = KeyMaterial.read(settings.files(), clock.instant()).context();
  }

  /**
   * Loads the certificate.
   *
   * @throws IllegalArgumentException with one sentence when it can't be used
   */
  public static ServerTls load(TlsSettings settings, Clock clock) {
    return new ServerTls(settings, clock);
  }

  /** Looks at the files time and again, until cancelled. */
  public Cancellable watch(ActorSystem<?> system) {
    return system
        .scheduler()
        .scheduleWithFixedDelay(
            settings.reloadInterval(),
            settings.reloadInterval(),
            this::look,
            system.executionContext());
  }

  /** The server's side of one new connection. */
  public SSLEngine newEngine() {
    SSLEngine engine = current.createSSLEngine();
    engine.setUseClientMode(false);
    engine.setEnabledProtocols(PROTOCOLS);
    engine.setNeedClientAuth(settings.clientCertificates() == ClientCertificates.REQUIRED);
    if (settings.clientCertificates() == ClientCertificates.OPTIONAL) {
      engine.setWantClientAuth(true);
    }
    return engine;
  }

  /** Takes up what the files hold, if that has changed. */
  synchronized void look() {
    String now = fingerprint(settings.files().all());
    if (now.equals(seen)) {
      return;
    }
    // What is refused today may be good tomorrow, as a certificate whose time has yet to come.
    try {
      KeyMaterial material = KeyMaterial.read(settings.files(), clock.instant());
      current = material.context();
      seen = now;
      LOG.info(
          "New connections use the new certificate of {}, valid until {}.",
          material.certificate().getSubjectX500Principal(),
          material.certificate().getNotAfter().toInstant());
    } catch (RuntimeException e) {
      if (!now.equals(refused)) {
        refused = now;
        LOG.warn("The certificate stays as it was: {}", e.getMessage());
      }
    }
  }

  private static String fingerprint(List<Path> files) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files) {
        digest.update(content(file));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What can't be read counts as empty: whoever reads it next says why. */
  private static byte[] content(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      return new byte[0];
    }
  }
}
