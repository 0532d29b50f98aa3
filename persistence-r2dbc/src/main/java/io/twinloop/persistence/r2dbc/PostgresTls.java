package io.twinloop.persistence.r2dbc;

import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.client.SSLMode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How PostgreSQL is spoken to: one setting for both drivers, so that neither is more trusting than
 * the other.
 *
 * @param mode one of disable, allow, prefer, require, verify-ca, verify-full
 * @param rootCertificate PEM file of the CAs that sign the server's certificate; {@value #SYSTEM}
 *     for those this Java trusts; empty where nothing is verified
 * @param certificate PEM file of this node's certificate; empty: it shows none
 * @param key PEM file (PKCS#8, not encrypted) of its private key
 */
public record PostgresTls(String mode, String rootCertificate, String certificate, String key) {

  static final String SYSTEM = "system";

  private static final Set<String> MODES =
      Set.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

  /** Without TLS. */
  public static final PostgresTls NONE = new PostgresTls("disable", "", "", "");

  /** Refuses what can't be used, naming the key. */
  public PostgresTls {
    PostgresSettings.require(MODES.contains(mode), "ssl-mode", "be one of " + MODES, mode);
    PostgresSettings.require(
        !mode.startsWith("verify") || !rootCertificate.isBlank(),
        "root-certificate",
        "name the CA's PEM file, or be 'system', when ssl-mode is " + mode,
        rootCertificate);
    PostgresSettings.require(
        certificate.isBlank() == key.isBlank(),
        certificate.isBlank() ? "certificate" : "key",
        "be set too, as certificate and key go together",
        "");
    if (!rootCertificate.isBlank() && !rootCertificate.equals(SYSTEM)) {
      requireCertificate("root-certificate", rootCertificate);
    }
    if (!certificate.isBlank()) {
      requireCertificate("certificate", certificate);
      requireFile("key", key);
    }
  }

  /** Parameters for the URL of pgjdbc, none of them secret. */
  String jdbcParameters() {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("sslmode", mode);
    if (rootCertificate.equals(SYSTEM)) {
      parameters.put("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
    } else if (!rootCertificate.isBlank()) {
      parameters.put("sslrootcert", rootCertificate);
    }
    if (!certificate.isBlank()) {
      parameters.put("sslcert", certificate);
      parameters.put("sslkey", key);
      parameters.put("pemKeyAlgorithm", keyAlgorithm());
    }
    return parameters.entrySet().stream()
        .map(
            parameter ->
                parameter.getKey()
                    + "="
                    + URLEncoder.encode(parameter.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }

  void apply(PostgresqlConnectionConfiguration.Builder connections) {
    connections.sslMode(SSLMode.fromValue(mode));
    if (!rootCertificate.isBlank() && !rootCertificate.equals(SYSTEM)) {
      connections.sslRootCert(rootCertificate);
    }
    if (!certificate.isBlank()) {
      connections.sslCert(certificate).sslKey(key);
    }
  }

  /** pgjdbc can't tell it from the key. */
  private String keyAlgorithm() {
    try (InputStream in = Files.newInputStream(Path.of(certificate))) {
      return CertificateFactory.getInstance("X.509")
          .generateCertificate(in)
          .getPublicKey()
          .getAlgorithm();
    } catch (IOException | CertificateException e) {
      throw new IllegalArgumentException(
          "%s.certificate names '%s', which is no PEM file of a certificate any more."
              .formatted(PostgresSettings.PATH, certificate),
          e);
    }
  }

  private static void requireCertificate(String setting, String file) {
    requireFile(setting, file);
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      PostgresSettings.require(
          !CertificateFactory.getInstance("X.509").generateCertificates(in).isEmpty(),
          setting,
          "name a PEM file of certificates",
          file);
    } catch (IOException | CertificateException e) {
      PostgresSettings.require(false, setting, "name a PEM file of certificates", file);
    }
  }

  private static void requireFile(String setting, String file) {
    boolean content = file.contains("-----BEGIN");
    PostgresSettings.require(
        !content && Files.isReadable(Path.of(file)) && Files.isRegularFile(Path.of(file)),
        setting,
        "name a file this user can read",
        content ? "(the content of one)" : file);
  }
}
