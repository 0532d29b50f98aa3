package io.twinloop.persistence.r2dbc;

import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import java.time.Duration;
import java.util.Map;
import reactor.netty.resources.LoopResources;

/**
 * Makes R2DBC connection factories from the settings: one kind for reading, one for writing events.
 */
final class ConnectionFactories {

  /**
   * Every statement that reads has an index in the order it wants. Without these a plan made while
   * the tables were small may sort the whole journal for each page.
   */
  static final Map<String, String> READ_BY_INDEX =
      Map.of("enable_seqscan", "off", "enable_bitmapscan", "off", "jit", "off");

  private ConnectionFactories() {}

  static PostgresqlConnectionFactory forReading(
      PostgresSettings settings, Duration statementTimeout, LoopResources loops) {
    return new PostgresqlConnectionFactory(
        common(settings, statementTimeout, loops).options(READ_BY_INDEX).build());
  }

  static PostgresqlConnectionFactory forWriting(
      PostgresSettings settings, Duration statementTimeout, LoopResources loops) {
    return new PostgresqlConnectionFactory(common(settings, statementTimeout, loops).build());
  }

  private static PostgresqlConnectionConfiguration.Builder common(
      PostgresSettings settings, Duration statementTimeout, LoopResources loops) {
    PostgresqlConnectionConfiguration.Builder builder = PostgresqlConnectionConfiguration.builder();
    settings.tls().apply(builder);
    return builder
        .host(settings.host())
        .port(settings.port())
        .database(settings.database())
        .username(settings.user())
        .password(settings.password())
        .connectTimeout(settings.connectTimeout())
        .statementTimeout(statementTimeout)
        .applicationName("twinloop-journal")
        .forceBinary(true)
        .tcpKeepAlive(true)
        .tcpNoDelay(true)
        .loopResources(loops);
  }
}
