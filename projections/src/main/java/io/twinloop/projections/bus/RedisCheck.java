package io.twinloop.projections.bus;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.sync.RedisCommands;
import io.netty.handler.ssl.NotSslRecordException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLHandshakeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether a Redis can be the bus: what it is, and what it does with what it was given. */
record RedisCheck(String address, Map<String, String> info) {

  private static final Logger LOG = LoggerFactory.getLogger(RedisCheck.class);
  private static final int OLDEST = 7;

  /** What Redis says when the login does not fit. */
  private static final List<String> NO_ENTRY = List.of("WRONGPASS", "NOAUTH", "NOPERM");

  static RedisCheck of(RedisCommands<String, byte[]> redis, String address) {
    Map<String, String> info = new HashMap<>();
    redis
        .info()
        .lines()
        .filter(line -> line.indexOf(':') > 0)
        .forEach(
            line ->
                info.put(
                    line.substring(0, line.indexOf(':')),
                    line.substring(line.indexOf(':') + 1).strip()));
    return new RedisCheck(address, info);
  }

  /**
   * Warns of what may lose events.
   *
   * @throws BusRefusedException when it will not do
   */
  void run() {
    String version = info.getOrDefault("redis_version", "0");
    if (Integer.parseInt(version.split("\\.", 2)[0]) < OLDEST) {
      throw new BusRefusedException(
          "Redis at %s is version %s; version %d or newer is needed."
              .formatted(address, version, OLDEST));
    }
    String policy = info.getOrDefault("maxmemory_policy", "noeviction");
    if (policy.startsWith("allkeys") && !"0".equals(info.get("maxmemory"))) {
      throw new BusRefusedException(
          "Redis at %s throws data away when its memory is full (maxmemory-policy %s), so events would be lost. Set it to noeviction."
              .formatted(address, policy));
    }
    if ("0".equals(info.get("aof_enabled"))) {
      LOG.warn(
          "Redis at {} keeps no append-only file (appendonly yes): when it restarts, events are lost that were published and not yet acknowledged.",
          address);
    }
  }

  /** Whether login or certificates don't fit, which waiting can't heal. */
  static boolean isRefusal(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      if (cause instanceof SSLHandshakeException
          || cause instanceof NotSslRecordException
          || (cause instanceof RedisCommandExecutionException
              && NO_ENTRY.stream().anyMatch(message::startsWith))) {
        return true;
      }
    }
    return false;
  }
}
