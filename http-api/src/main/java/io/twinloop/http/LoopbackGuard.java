package io.twinloop.http;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Keeps web pages of other sites away from a server that needs no login because it listens on
 * loopback only.
 *
 * <p>A page the user visits can send requests here, and by DNS rebinding even under a name of its
 * own. The browser then says so in {@code Host} or {@code Origin}.
 */
final class LoopbackGuard {

  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127\\.0\\.0\\.1|\\[::1])(:[0-9]{1,5})?");

  private LoopbackGuard() {}

  static void check(RequestHeaders headers) {
    String host = headers.get("host").orElse("");
    if (!isLoopback(host)) {
      throw Problems.at(
              "host:",
              "foreign-host",
              "This server answers to localhost, 127.0.0.1 and [::1] only, not to "
                  + Inputs.quoted(host)
                  + ".")
          .refuse();
    }
    headers
        .get("origin")
        .filter(origin -> !isLoopback(origin.replaceFirst("^https?://", "")))
        .ifPresent(
            origin -> {
              throw Problems.at(
                      "origin:",
                      "foreign-host",
                      "Pages of " + Inputs.quoted(origin) + " may not use this server.")
                  .refuse();
            });
  }

  private static boolean isLoopback(String authority) {
    return LOOPBACK.matcher(authority.toLowerCase(Locale.ROOT)).matches();
  }
}
