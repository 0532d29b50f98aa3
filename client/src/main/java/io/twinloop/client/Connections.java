package io.twinloop.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Connections to nodes. Over TLS a node's certificate has to be signed by a CA of the PEM file that
 * {@value #CA} names, or, where it names none, by one this Java trusts.
 */
public final class Connections {

  static final String CA = "TWINLOOP_CA";

  private Connections() {}

  /** A client's builder. */
  public static HttpClient.Builder builder() {
    return builder(System.getenv(CA));
  }

  static HttpClient.Builder builder(String ca) {
    HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
    return ca == null || ca.isBlank() ? builder : builder.sslContext(trusting(Path.of(ca)));
  }

  private static SSLContext trusting(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      Collection<? extends Certificate> found =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (found.isEmpty()) {
        throw new MisuseException(CA + " names '" + file + "', in which there is no certificate.");
      }
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      int number = 0;
      for (Certificate certificate : found) {
        trusted.setCertificateEntry("ca" + number++, certificate);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new MisuseException(
          CA + " names '" + file + "', which is no PEM file of certificates this user can read.");
    }
  }
}
