package io.twinloop.http;

import com.typesafe.config.Config;
import io.twinloop.domain.SettingsUnder;
import io.twinloop.http.tls.TlsSettings;
import java.time.Duration;
import java.util.Optional;

/**
 * The settings {@code twinloop.http}, each explained in {@code reference.conf}.
 *
 * <p>Sizes are bytes.
 */
public record HttpSettings(
    String host,
    int port,
    int maxConnections,
    int requestsInProgress,
    int uploadsInProgress,
    Duration idleTimeout,
    Duration requestTimeout,
    Duration bodyTimeout,
    Duration bulkBodyTimeout,
    long refusedBodyDrain,
    long gzipRatio,
    int maxUriLength,
    int maxHeaderValueLength,
    int maxChunkSize,
    Duration readAfterTimeout,
    Duration streamHeartbeat,
    Duration idempotencyRetention,
    Duration idempotencyLease,
    Duration stopTimeout,
    Optional<TlsSettings> tls,
    OriginGuard guard) {

  private static final String PATH = "twinloop.http";
  private static final SettingsUnder SETTINGS = new SettingsUnder(PATH);

  public HttpSettings {
    SETTINGS.check(!host.isBlank(), "host", "an address or name", host);
    SETTINGS.check(port >= 0 && port <= 65_535, "port", "a TCP port from 0 to 65535", port);
    SETTINGS.check(maxConnections > 0, "max-connections", "1 or more", maxConnections);
    SETTINGS.check(requestsInProgress > 0, "requests-in-progress", "1 or more", requestsInProgress);
    SETTINGS.check(uploadsInProgress > 0, "uploads-in-progress", "1 or more", uploadsInProgress);
    SETTINGS.check(
        idleTimeout.compareTo(requestTimeout) > 0,
        "idle-timeout",
        "longer than request-timeout",
        idleTimeout);
    SETTINGS.check(
        idleTimeout.compareTo(streamHeartbeat) > 0,
        "stream-heartbeat",
        "shorter than idle-timeout",
        streamHeartbeat);
    SETTINGS.checkPositive(requestTimeout, "request-timeout");
    SETTINGS.checkPositive(bodyTimeout, "body-timeout");
    SETTINGS.checkPositive(bulkBodyTimeout, "bulk-body-timeout");
    SETTINGS.check(refusedBodyDrain >= 0, "refused-body-drain", "0 or more", refusedBodyDrain);
    SETTINGS.check(gzipRatio >= 1, "gzip-ratio", "1 or more", gzipRatio);
    SETTINGS.check(maxUriLength >= 256, "max-uri-length", "256 or more", maxUriLength);
    SETTINGS.check(
        maxHeaderValueLength >= 256,
        "max-header-value-length",
        "256 or more",
        maxHeaderValueLength);
    SETTINGS.check(maxChunkSize >= 1024, "max-chunk-size", "1024 or more", maxChunkSize);
    SETTINGS.checkPositive(readAfterTimeout, "read-after-timeout");
    SETTINGS.checkPositive(streamHeartbeat, "stream-heartbeat");
    SETTINGS.checkPositive(idempotencyRetention, "idempotency-retention");
    SETTINGS.checkPositive(idempotencyLease, "idempotency-lease");
    SETTINGS.checkPositive(stopTimeout, "stop-timeout");
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static HttpSettings from(Config application) {
    Config config = application.getConfig(PATH);
    return new HttpSettings(
        config.getString("host"),
        config.getInt("port"),
        config.getInt("max-connections"),
        config.getInt("requests-in-progress"),
        config.getInt("uploads-in-progress"),
        config.getDuration("idle-timeout"),
        config.getDuration("request-timeout"),
        config.getDuration("body-timeout"),
        config.getDuration("bulk-body-timeout"),
        config.getBytes("refused-body-drain"),
        config.getLong("gzip-ratio"),
        Math.toIntExact(config.getBytes("max-uri-length")),
        Math.toIntExact(config.getBytes("max-header-value-length")),
        Math.toIntExact(config.getBytes("max-chunk-size")),
        config.getDuration("read-after-timeout"),
        config.getDuration("stream-heartbeat"),
        config.getDuration("idempotency-retention"),
        config.getDuration("idempotency-lease"),
        config.getDuration("stop-timeout"),
        TlsSettings.from(application, PATH + ".tls"),
        OriginGuard.from(config));
  }
}
