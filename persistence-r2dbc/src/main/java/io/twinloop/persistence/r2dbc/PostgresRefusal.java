package io.twinloop.persistence.r2dbc;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** Why PostgreSQL and this node can't come together, where waiting would not help. */
public final class PostgresRefusal {

  private static final String ENCRYPTION_MISSING = "no encryption";
  private static final int DEEPEST = 20;

  private PostgresRefusal() {}

  /**
   * A sentence that says what to do, when the two disagree about TLS; empty for everything else,
   * such as a server that is not there yet.
   */
  public static Optional<String> of(PostgresSettings postgres, Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
      Optional<String> why = why(postgres, cause);
      if (why.isPresent()) {
        return why.map(
            sentence ->
                "PostgreSQL at %s:%d %s".formatted(postgres.host(), postgres.port(), sentence));
      }
      cause = cause.getCause();
    }
    return Optional.empty();
  }

  private static Optional<String> why(PostgresSettings postgres, Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    String mode = postgres.tls().mode();
    if (cause instanceof CertificateExpiredException
        || cause instanceof CertificateNotYetValidException) {
      return Optional.of("shows a certificate out of its time (%s).".formatted(message));
    }
    if (cause instanceof CertPathBuilderException || cause instanceof CertPathValidatorException) {
      return Optional.of(
          "shows a certificate that no CA in '%s' has signed: name its CA in %s.root-certificate."
              .formatted(postgres.tls().rootCertificate(), PostgresSettings.PATH));
    }
    if (message.contains("hostnameverifier")
        || message.contains("could not be verified")
        || message.contains("No subject alternative")
        || message.contains("No name matching")) {
      return Optional.of(
          "shows a certificate for another host than '%s': use the name it is for in %s.host, or have one made for this name."
              .formatted(postgres.host(), PostgresSettings.PATH));
    }
    if (message.contains("does not support SSL")) {
      return Optional.of(
          "does not speak TLS, but %s.ssl-mode is '%s': turn on ssl there."
              .formatted(PostgresSettings.PATH, mode));
    }
    if (message.contains(ENCRYPTION_MISSING)) {
      return Optional.of(
          "takes this role with TLS only, but %s.ssl-mode is '%s': set it to verify-full."
              .formatted(PostgresSettings.PATH, mode));
    }
    if (message.contains("has group or world access")) {
      return Optional.of("can't be shown the certificate of this node: %s.".formatted(message));
    }
    if (message.contains("requires a valid client certificate")) {
      return Optional.of(
          "wants to see a certificate of this node: set %s.certificate and key."
              .formatted(PostgresSettings.PATH));
    }
    if (cause instanceof SSLException && message.contains("Received fatal alert")) {
      return Optional.of(
          "refuses the certificate of this node, %s.certificate (%s)."
              .formatted(PostgresSettings.PATH, message));
    }
    return Optional.empty();
  }
}
