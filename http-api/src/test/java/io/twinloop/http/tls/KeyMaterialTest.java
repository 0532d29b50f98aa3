package io.twinloop.http.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.Secret;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that fit are taken, in every format; the others are refused in one sentence. */
class KeyMaterialTest {

  private static final String PASSWORD = "correct horse";
  private static final HeldCertificate CA = TestCertificates.ca("test CA");

  @TempDir Path folder;
  private TestCertificates files;

  @BeforeEach
  void makeFiles() {
    files = new TestCertificates(folder);
  }

  @Test
  void shouldTakeEllipticAndRsaKeys() {
    for (HeldCertificate own :
        new HeldCertificate[] {
          TestCertificates.of("node", CA).ecdsa256().build(),
          TestCertificates.of("node", CA).rsa2048().build()
        }) {
      KeyMaterial material =
          read(files.certificate("own.pem", own, CA), files.key("own.key", own), "");
      assertThat(material.certificate()).isEqualTo(own.certificate());
      assertThat(material.context().createSSLEngine().getSupportedProtocols()).contains("TLSv1.3");
    }
  }

  @Test
  void shouldTakeAPkcs1Key() {
    HeldCertificate own = TestCertificates.of("node", CA).rsa2048().build();

    assertThat(
            read(
                    files.certificate("own.pem", own),
                    files.file("own.key", own.privateKeyPkcs1Pem()),
                    "")
                .certificate())
        .isEqualTo(own.certificate());
  }

  @Test
  void shouldTakeAnEncryptedKeyAndRefuseAWrongPassword() throws Exception {
    HeldCertificate own = TestCertificates.of("node", CA).build();
    Path certificate = files.certificate("own.pem", own);
    Path key = files.file("own.key", encrypted(own.keyPair().getPrivate()));

    assertThat(read(certificate, key, PASSWORD).certificate()).isEqualTo(own.certificate());
    assertThatThrownBy(() -> read(certificate, key, "wrong horse"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("t.key names '%s', which t.key-password does not open.", key);
    assertThatThrownBy(() -> read(certificate, key, ""))
        .hasMessage("t.key names '%s', an encrypted key: set t.key-password.", key);
  }

  @Test
  void shouldTakeAPkcs12FileAndRefuseAWrongPassword() throws Exception {
    HeldCertificate own = TestCertificates.of("node", CA).build();
    Path store = folder.resolve("own.p12");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry(
        "own",
        own.keyPair().getPrivate(),
        PASSWORD.toCharArray(),
        new Certificate[] {own.certificate(), CA.certificate()});
    try (OutputStream out = Files.newOutputStream(store)) {
      keys.store(out, PASSWORD.toCharArray());
    }

    assertThat(fromStore(store, PASSWORD).certificate()).isEqualTo(own.certificate());
    assertThatThrownBy(() -> fromStore(store, "wrong horse"))
        .hasMessage(
            "t.key-store names '%s', which is no PKCS#12 file, or t.key-password does not open it.",
            store);
  }

  @Test
  void shouldRefuseTheKeyOfAnotherCertificate() {
    HeldCertificate own = TestCertificates.of("node", CA).build();
    HeldCertificate other = TestCertificates.of("node", CA).build();
    Path certificate = files.certificate("own.pem", own);
    Path key = files.key("other.key", other);

    assertThatThrownBy(() -> read(certificate, key, ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "t.key names '%s', but that key does not belong to the certificate in '%s'",
            key, certificate);
  }

  @Test
  void shouldRefuseACertificateOutOfItsTime() {
    Instant now = Instant.now();
    HeldCertificate old = valid(now.minus(Duration.ofDays(9)), now.minus(Duration.ofDays(1)));
    HeldCertificate early = valid(now.plus(Duration.ofDays(1)), now.plus(Duration.ofDays(9)));

    assertThatThrownBy(() -> read(files.certificate("a", old), files.key("b", old), ""))
        .hasMessageContaining("(CN=node) has expired on ");
    assertThatThrownBy(() -> read(files.certificate("a", early), files.key("b", early), ""))
        .hasMessageContaining("(CN=node) is valid from ");
  }

  @Test
  void shouldSayWhichFileIsMissingOrIsSomethingElse() throws IOException {
    HeldCertificate own = TestCertificates.of("node", CA).build();
    Path certificate = files.certificate("own.pem", own);
    Path key = files.key("own.key", own);
    Path text = files.file("text", "hello");

    assertThatThrownBy(() -> read(folder.resolve("none.pem"), key, ""))
        .hasMessage("t.certificate names '%s/none.pem', but there is no such file.", folder);
    assertThatThrownBy(() -> read(certificate, folder, ""))
        .hasMessage("t.key names '%s', which is no file this user can read.", folder);
    assertThatThrownBy(() -> read(text, key, ""))
        .hasMessageMatching("t.certificate names '.*text', (which is no|in which there is no).*");
    assertThatThrownBy(() -> read(certificate, text, ""))
        .hasMessage("t.key names '%s', in which there is no private key in PEM.", text);
    assertThatThrownBy(() -> read(certificate, certificate, ""))
        .hasMessageContaining("in which there is no private key in PEM");
  }

  @Test
  void shouldRepeatNothingOfAKeyThatIsDamagedOrStandsWhereItsFileShould() {
    HeldCertificate own = TestCertificates.of("node", CA).build();
    Path certificate = files.certificate("own.pem", own);
    String middle = own.privateKeyPkcs8Pem().substring(40, 90);
    Path damaged =
        files.file("own.key", own.privateKeyPkcs8Pem().replace(middle.substring(0, 20), ""));

    assertThatThrownBy(() -> read(certificate, damaged, ""))
        .hasMessageContaining("a damaged key")
        .hasMessageNotContaining(middle.substring(25));
    assertThatThrownBy(
            () ->
                KeyMaterial.read(
                    new KeyFiles(
                        "t", certificate.toString(), own.privateKeyPkcs8Pem(), none(), "", ""),
                    Instant.now()))
        .hasMessage("t.key must name a PEM file, but holds its content.");
  }

  @Test
  void shouldRefuseHalfAPair() {
    assertThatThrownBy(() -> new KeyFiles("t", "own.pem", "", none(), "", ""))
        .hasMessage("t.key must be set too: the certificate and its private key go together.");
    assertThatThrownBy(() -> new KeyFiles("t", "", "own.key", none(), "", ""))
        .hasMessage(
            "t.certificate must be set too: the certificate and its private key go together.");
    assertThatThrownBy(() -> new KeyFiles("t", "", "", none(), "", "ca.pem"))
        .hasMessageContaining("t names CAs but no certificate of its own");
    assertThatThrownBy(() -> new KeyFiles("t", "a", "b", none(), "c", ""))
        .hasMessage("t has both a certificate and a key-store: choose one.");
  }

  private static HeldCertificate valid(Instant from, Instant until) {
    return TestCertificates.of("node", CA)
        .validityInterval(from.toEpochMilli(), until.toEpochMilli())
        .build();
  }

  private static Secret none() {
    return Secret.of("");
  }

  private static KeyMaterial read(Path certificate, Path key, String password) {
    return KeyMaterial.read(
        new KeyFiles("t", certificate.toString(), key.toString(), Secret.of(password), "", ""),
        Instant.now());
  }

  private static KeyMaterial fromStore(Path store, String password) {
    return KeyMaterial.read(
        new KeyFiles("t", "", "", Secret.of(password), store.toString(), ""), Instant.now());
  }

  /** PKCS#8 encrypted as OpenSSL 3 does by default: PBES2, HMAC-SHA-256, AES-256. */
  private static String encrypted(PrivateKey key) throws Exception {
    String scheme = "PBEWithHmacSHA256AndAES_256";
    Cipher cipher = Cipher.getInstance(scheme);
    cipher.init(
        Cipher.ENCRYPT_MODE,
        SecretKeyFactory.getInstance(scheme)
            .generateSecret(new PBEKeySpec(PASSWORD.toCharArray())));
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("PBES2");
    parameters.init(cipher.getParameters().getEncoded());
    byte[] der =
        new EncryptedPrivateKeyInfo(parameters, cipher.doFinal(key.getEncoded())).getEncoded();
    return "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        + Base64.getMimeEncoder().encodeToString(der)
        + "\n-----END ENCRYPTED PRIVATE KEY-----\n";
  }

  @Test
  void shouldTakeAnEdwardsKey() throws Exception {
    PrivateKey key = KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate();
    String pem =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key.getEncoded())
            + "\n-----END PRIVATE KEY-----\n";

    assertThat(PrivateKeys.parse(pem, none(), "t", "own.key")).isEqualTo(key);
  }
}
