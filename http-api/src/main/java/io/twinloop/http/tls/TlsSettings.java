package io.twinloop.http.tls;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.Optional;

/**
 * How a server speaks TLS: the settings {@code twinloop.http.tls}, each explained in {@code
 * reference.conf}.
 *
 * @param files whose certificates; the trusted ones are the CAs of clients
 * @param clientCertificates what is asked of clients where there are such CAs
 * @param reloadInterval how often the files are looked at
 */
public record TlsSettings(
    KeyFiles files, ClientCertificates clientCertificates, Duration reloadInterval) {

  /** What is asked of clients. */
  public enum ClientCertificates {
    NONE,
    OPTIONAL,
    REQUIRED
  }

  public TlsSettings {
    if (reloadInterval.isZero() || reloadInterval.isNegative()) {
      throw new IllegalArgumentException(
          "%s.reload-interval must be longer than nothing, not %s"
              .formatted(files.setting(), reloadInterval));
    }
  }

  /**
   * Reads the settings; empty where no certificate is named, which stands for plain HTTP.
   *
   * @param path such as {@code twinloop.http.tls}
   * @throws IllegalArgumentException naming the key that is wrong
   */
  public static Optional<TlsSettings> from(Config application, String path) {
    KeyFiles files = KeyFiles.from(application, path, "client-ca");
    return files.areNamed()
        ? Optional.of(
            new TlsSettings(
                files,
                clientCertificates(application, path, files),
                application.getDuration(path + ".reload-interval")))
        : Optional.empty();
  }

  private static ClientCertificates clientCertificates(
      Config application, String path, KeyFiles files) {
    String wanted = application.getString(path + ".client-certificates");
    ClientCertificates asked =
        switch (wanted) {
          case "required" -> ClientCertificates.REQUIRED;
          case "optional" -> ClientCertificates.OPTIONAL;
          default ->
              throw new IllegalArgumentException(
                  "%s.client-certificates must be required or optional, not '%s'"
                      .formatted(path, wanted));
        };
    return files.trusted().isBlank() ? ClientCertificates.NONE : asked;
  }
}
