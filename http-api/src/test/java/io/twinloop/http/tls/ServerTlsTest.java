package io.twinloop.http.tls;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A certificate that is replaced while the server runs. */
class ServerTlsTest {

  private static final HeldCertificate CA = TestCertificates.ca("ca");
  private final Instant now = Instant.now();

  @TempDir private Path folder;
  private Instant time = now.minusSeconds(120);

  /** Whoever issues certificates may have a clock that is a little ahead. */
  @Test
  void shouldTakeUpACertificateOnceItsTimeHasCome() throws Exception {
    put(1, now.minusSeconds(3_600));
    ServerTls tls = ServerTls.load(settings(), clock());
    assertThat(serialOf(tls)).isEqualTo(1);

    put(2, now.minusSeconds(60));
    tls.look();
    assertThat(serialOf(tls)).as("not yet valid").isEqualTo(1);

    time = now;
    tls.look();
    assertThat(serialOf(tls)).isEqualTo(2);
  }

  private void put(long serial, Instant from) {
    TestCertificates files = new TestCertificates(folder);
    HeldCertificate certificate =
        TestCertificates.of("node", CA)
            .serialNumber(serial)
            .validityInterval(from.toEpochMilli(), from.plus(Duration.ofDays(9)).toEpochMilli())
            .build();
    files.certificate("node.pem", certificate);
    files.key("node.key", certificate);
  }

  private TlsSettings settings() {
    return TlsSettings.from(
            ConfigFactory.parseString(
                    """
                    twinloop.http.tls {
                      certificate = "%s"
                      key = "%s"
                    }"""
                        .formatted(folder.resolve("node.pem"), folder.resolve("node.key")))
                .withFallback(ConfigFactory.load()),
            "twinloop.http.tls")
        .orElseThrow();
  }

  private Clock clock() {
    InstantSource source = () -> time;
    return source.withZone(ZoneOffset.UTC);
  }

  /** The serial number of the certificate that a client is shown. */
  private static long serialOf(ServerTls tls) throws Exception {
    SSLEngine server = tls.newEngine();
    SSLEngine client = TestCertificates.client(CA).createSSLEngine("localhost", 443);
    client.setUseClientMode(true);
    ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
    ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
    for (int turn = 0; turn < 20; turn++) {
      speak(client, toClient, toServer);
      speak(server, toServer, toClient);
    }
    X509Certificate shown = (X509Certificate) client.getSession().getPeerCertificates()[0];
    return shown.getSerialNumber().longValueExact();
  }

  private static void speak(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
    ByteBuffer nothing = ByteBuffer.allocate(1 << 16);
    in.flip();
    if (in.hasRemaining()) {
      engine.unwrap(in, nothing);
    }
    in.compact();
    for (Runnable task = engine.getDelegatedTask(); task != null; ) {
      task.run();
      task = engine.getDelegatedTask();
    }
    engine.wrap(ByteBuffer.allocate(0), out);
  }
}
