package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RemotingTest {

  private static final HeldCertificate CA =
      new HeldCertificate.Builder().certificateAuthority(0).build();

  @TempDir Path folder;

  @Test
  void shouldStayPlainWhereNoCertificateIsNamed() {
    Config config = Configuration.load(ConfigFactory.empty(), Map.of());

    assertThat(Remoting.secured(config, Instant.now())).isSameAs(config);
  }

  @Test
  void shouldSpeakTlsWithTheFilesNamed() throws IOException {
    Path certificate = write("node.pem", node().rsa2048().build());

    Config artery = secured(certificate, write("ca.pem", CA)).getConfig("pekko.remote.artery");

    assertThat(artery.getString("transport")).isEqualTo("tls-tcp");
    assertThat(artery.getString("ssl.rotating-keys-engine.cert-file"))
        .isEqualTo(certificate.toString());
    assertThat(artery.getDuration("ssl.rotating-keys-engine.ssl-context-cache-ttl")).isPositive();
  }

  @Test
  void shouldRefuseAKeyThatPekkoCannotRead() throws IOException {
    Path certificate = write("node.pem", node().ecdsa256().build());

    assertThatThrownBy(() -> secured(certificate, write("ca.pem", CA)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("an EC key, but between nodes only RSA keys are understood");
  }

  @Test
  void shouldRefuseAnEncryptedKey() throws IOException {
    Path certificate = write("node.pem", node().rsa2048().build());
    Files.writeString(
        folder.resolve("node.pem.key"),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");

    assertThatThrownBy(() -> secured(certificate, write("ca.pem", CA)))
        .hasMessageContaining("an encrypted key, but between nodes only plain ones are understood");
  }

  @Test
  void shouldSayThatTheKeyIsMissing() throws IOException {
    Path certificate = write("node.pem", node().rsa2048().build());
    Files.delete(folder.resolve("node.pem.key"));

    assertThatThrownBy(() -> secured(certificate, write("ca.pem", CA)))
        .hasMessageContaining("but there is no such file");
  }

  @Test
  void shouldRefuseToTrustEverybody() throws IOException {
    Path certificate = write("node.pem", node().rsa2048().build());

    assertThatThrownBy(() -> secured(certificate, Path.of("")))
        .hasMessageContaining("twinloop.remoting.tls.ca must be set too");
  }

  private static HeldCertificate.Builder node() {
    return new HeldCertificate.Builder().commonName("twinloop").signedBy(CA);
  }

  private Config secured(Path certificate, Path ca) {
    return Remoting.secured(
        Configuration.load(
            ConfigFactory.parseMap(
                Map.of(
                    "twinloop.remoting.tls.certificate", certificate.toString(),
                    "twinloop.remoting.tls.key", certificate + ".key",
                    "twinloop.remoting.tls.ca", ca.toString())),
            Map.of()),
        Instant.now());
  }

  private Path write(String name, HeldCertificate certificate) throws IOException {
    Files.writeString(folder.resolve(name + ".key"), certificate.privateKeyPkcs8Pem());
    return Files.writeString(folder.resolve(name), certificate.certificatePem());
  }
}
