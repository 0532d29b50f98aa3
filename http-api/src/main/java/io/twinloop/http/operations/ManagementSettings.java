package io.twinloop.http.operations;

import com.typesafe.config.Config;
import java.util.Optional;

/**
 * A door for operators' tools alone: the settings {@code twinloop.management}.
 *
 * @param host the address to listen on
 * @param port TCP port, 0 for a free one
 * @param clusterChanges whether members may be told to leave, or be declared down, through it
 */
public record ManagementSettings(String host, int port, boolean clusterChanges) {

  public ManagementSettings {
    if (host.isBlank()) {
      throw new IllegalArgumentException("twinloop.management.host must be an address or name");
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException(
          "twinloop.management.port must be a TCP port from 0 to 65535, not " + port);
    }
  }

  /** Reads the settings; empty where no port is named. */
  public static Optional<ManagementSettings> from(Config application) {
    Config config = application.getConfig("twinloop.management");
    return config.getString("port").isBlank()
        ? Optional.empty()
        : Optional.of(
            new ManagementSettings(
                config.getString("host"),
                config.getInt("port"),
                config.getBoolean("cluster-changes")));
  }
}
