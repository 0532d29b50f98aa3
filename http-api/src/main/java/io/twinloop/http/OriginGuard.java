package io.twinloop.http;

import com.typesafe.config.Config;
import java.net.URI;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Keeps web pages of other sites away.
 *
 * <p>A page the user visits can send requests here, and by DNS rebinding even under a name of its
 * own. The browser then says so in {@code Host} or {@code Origin}: both must be names of this
 * server. Where there is a login, addresses count as such names, because nobody can rebind an
 * address, and pages must come from the host they ask.
 *
 * @param hosts further names of this server, lower case, with or without a port
 * @param origins other sites whose pages may ask, lower case, like {@code https://a.example}
 */
public record OriginGuard(Set<String> hosts, Set<String> origins) {

  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127\\.0\\.0\\.1|\\[::1])(:[0-9]{1,5})?");
  private static final Pattern ADDRESS =
      Pattern.compile("([0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-f:.]{2,45}])(:[0-9]{1,5})?");
  private static final Pattern HOST =
      Pattern.compile("([a-z0-9_-]+(\\.[a-z0-9_-]+)*|\\[[0-9a-f:.]{2,45}])(:[0-9]{1,5})?");
  private static final Pattern PORT = Pattern.compile(":[0-9]{1,5}$");

  public OriginGuard {
    hosts = Set.copyOf(hosts);
    origins = Set.copyOf(origins);
    check(hosts, "allowed-hosts", HOST.asMatchPredicate(), "a name like twin.example.org");
    check(origins, "allowed-origins", OriginGuard::isOrigin, "an origin like https://a.example");
  }

  /** Reads {@code allowed-hosts} and {@code allowed-origins}; throws with the key that is wrong. */
  static OriginGuard from(Config http) {
    return new OriginGuard(
        names(http.getString("allowed-hosts")), names(http.getString("allowed-origins")));
  }

  void check(RequestHeaders headers, boolean login) {
    String host = headers.get("host").orElse("").toLowerCase(Locale.ROOT);
    if (!isOurs(host, login)) {
      throw foreign(
          "host:",
          "This server doesn't answer to "
              + Inputs.quoted(host)
              + "; its names are localhost, 127.0.0.1, [::1] and those in"
              + " twinloop.http.allowed-hosts.");
    }
    headers
        .get("origin")
        .map(origin -> origin.toLowerCase(Locale.ROOT))
        .filter(origin -> !mayAsk(origin, host, login))
        .ifPresent(
            origin -> {
              throw foreign(
                  "origin:", "Pages of " + Inputs.quoted(origin) + " may not use this server.");
            });
  }

  private boolean isOurs(String host, boolean login) {
    return LOOPBACK.matcher(host).matches()
        || (login && ADDRESS.matcher(host).matches())
        || hosts.contains(host)
        || hosts.contains(PORT.matcher(host).replaceFirst(""));
  }

  private boolean mayAsk(String origin, String host, boolean login) {
    if (origins.contains(origin)) {
      return true;
    }
    if (!origin.startsWith("http://") && !origin.startsWith("https://")) {
      return false;
    }
    String from = origin.substring(origin.indexOf("//") + 2);
    return from.equals(host) || (!login && LOOPBACK.matcher(from).matches());
  }

  private static ProblemException foreign(String place, String detail) {
    return Problems.at(place, "foreign-host", detail).refuse();
  }

  private static boolean isOrigin(String text) {
    try {
      URI uri = URI.create(text);
      return Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
          && uri.getHost() != null
          && text.equals(uri.getScheme() + "://" + uri.getAuthority());
    } catch (IllegalArgumentException notAnAddress) {
      return false;
    }
  }

  private static Set<String> names(String list) {
    Set<String> names = new TreeSet<>();
    Arrays.stream(list.split(",", -1))
        .map(name -> name.strip().toLowerCase(Locale.ROOT))
        .filter(name -> !name.isEmpty())
        .forEach(names::add);
    return names;
  }

  private static void check(
      Set<String> names, String key, Predicate<String> fine, String expected) {
    for (String name : names) {
      if (!fine.test(name)) {
        throw new IllegalArgumentException(
            "twinloop.http.%s must be a list with commas between, each %s, not %s"
                .formatted(key, expected, name));
      }
    }
  }
}
