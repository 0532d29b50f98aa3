package io.twinloop.http.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * A private key, the certificates that go with it, and the CAs that are trusted: read from files
 * and found to fit.
 */
public final class KeyMaterial {

  private static final char[] IN_MEMORY = new char[0];

  private final PrivateKey key;
  private final List<X509Certificate> chain;
  private final List<X509Certificate> trusted;

  private KeyMaterial(PrivateKey key, List<X509Certificate> chain, List<X509Certificate> trusted) {
    this.key = key;
    this.chain = chain;
    this.trusted = trusted;
  }

  /**
   * Reads and checks.
   *
   * @throws IllegalArgumentException with one sentence: a file that can't be read, a key that is
   *     not that of the certificate, a certificate that is not valid now
   */
  public static KeyMaterial read(KeyFiles files, Instant now) {
    KeyMaterial material = files.keyStore().isBlank() ? fromPem(files) : fromKeyStore(files);
    String where = files.keyStore().isBlank() ? files.certificate() : files.keyStore();
    requireValid(material.certificate(), where, now);
    if (!belongTogether(material.key, material.certificate())) {
      throw new IllegalArgumentException(
          "%s.key names '%s', but that key does not belong to the certificate in '%s': name the one it was made with, the node's own certificate first."
              .formatted(files.setting(), files.key(), where));
    }
    return material;
  }

  /** Its own certificate. */
  public X509Certificate certificate() {
    return chain.get(0);
  }

  /** A context with all of it, for TLS 1.2 and 1.3. */
  SSLContext context() {
    try {
      KeyStore own = emptyStore();
      own.setKeyEntry("own", key, IN_MEMORY, chain.toArray(Certificate[]::new));
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own, IN_MEMORY);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("This Java can't do TLS with that certificate: " + e, e);
    }
  }

  private TrustManager[] trustManagers() throws GeneralSecurityException, IOException {
    KeyStore others = emptyStore();
    for (int i = 0; i < trusted.size(); i++) {
      others.setCertificateEntry("ca" + i, trusted.get(i));
    }
    if (trusted.isEmpty()) {
      return new TrustManager[0];
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(others);
    return trust.getTrustManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static KeyMaterial fromPem(KeyFiles files) {
    PrivateKey key =
        PrivateKeys.parse(
            text(files.setting() + ".key", files.key()),
            files.keyPassword(),
            files.setting(),
            files.key());
    return new KeyMaterial(
        key, certificates(files.setting() + ".certificate", files.certificate()), trusted(files));
  }

  private static KeyMaterial fromKeyStore(KeyFiles files) {
    String setting = files.setting() + ".key-store";
    Path file = existing(setting, files.keyStore());
    char[] password = files.keyPassword().reveal().toCharArray();
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, password);
      for (String alias : Collections.list(store.aliases())) {
        if (store.getKey(alias, password) instanceof PrivateKey key) {
          List<X509Certificate> chain = new ArrayList<>();
          for (Certificate certificate : store.getCertificateChain(alias)) {
            chain.add((X509Certificate) certificate);
          }
          return new KeyMaterial(key, chain, trusted(files));
        }
      }
      throw new IllegalArgumentException(
          "%s names '%s', in which there is no private key.".formatted(setting, file));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "%s names '%s', which is no PKCS#12 file, or %s.key-password does not open it."
              .formatted(setting, file, files.setting()));
    }
  }

  private static List<X509Certificate> trusted(KeyFiles files) {
    return files.trusted().isBlank()
        ? List.of()
        : certificates("The CAs of " + files.setting(), files.trusted());
  }

  private static List<X509Certificate> certificates(String setting, String name) {
    Path file = existing(setting, name);
    List<X509Certificate> certificates = new ArrayList<>();
    try (InputStream in = Files.newInputStream(file)) {
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        certificates.add((X509Certificate) certificate);
      }
    } catch (IOException | CertificateException e) {
      throw new IllegalArgumentException(
          "%s names '%s', which is no PEM file of certificates.".formatted(setting, file));
    }
    if (certificates.isEmpty()) {
      throw new IllegalArgumentException(
          "%s names '%s', in which there is no certificate.".formatted(setting, file));
    }
    return List.copyOf(certificates);
  }

  private static String text(String setting, String name) {
    Path file = existing(setting, name);
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "%s names '%s', which can't be read by this user.".formatted(setting, file));
    }
  }

  private static Path existing(String setting, String name) {
    if (name.contains("-----BEGIN")) {
      throw new IllegalArgumentException(
          "%s must name a PEM file, but holds its content.".formatted(setting));
    }
    try {
      Path file = Path.of(name);
      if (!Files.exists(file)) {
        throw new NoSuchFileException(name);
      }
      if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
        throw new IllegalArgumentException(
            "%s names '%s', which is no file this user can read.".formatted(setting, name));
      }
      return file;
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new IllegalArgumentException(
          "%s names '%s', but there is no such file.".formatted(setting, name));
    }
  }

  private static void requireValid(X509Certificate certificate, String where, Instant now) {
    Instant from = certificate.getNotBefore().toInstant();
    Instant until = certificate.getNotAfter().toInstant();
    if (now.isAfter(until)) {
      throw new IllegalArgumentException(
          "The certificate in '%s' (%s) has expired on %s: put a new one in its place."
              .formatted(where, certificate.getSubjectX500Principal(), until));
    }
    if (now.isBefore(from)) {
      throw new IllegalArgumentException(
          "The certificate in '%s' (%s) is valid from %s on, and it is %s: wait, or set the clock."
              .formatted(where, certificate.getSubjectX500Principal(), from, now));
    }
  }

  private static boolean belongTogether(PrivateKey key, X509Certificate certificate) {
    if (!key.getAlgorithm().equals(certificate.getPublicKey().getAlgorithm())) {
      return false;
    }
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm();
        };
    byte[] something = {1, 2, 3, 4};
    try {
      Signature sign = Signature.getInstance(algorithm);
      sign.initSign(key);
      sign.update(something);
      byte[] signed = sign.sign();
      Signature verify = Signature.getInstance(algorithm);
      verify.initVerify(certificate.getPublicKey());
      verify.update(something);
      return verify.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
