package io.twinloop.persistence.r2dbc;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/**
 * Where PostgreSQL is and who asks: the keys under {@code twinloop.persistence.postgres}.
 *
 * @param port TCP port, 1 to 65535
 * @param tls whether and how the connections are encrypted
 * @param connectTimeout longest time for one connection to be opened
 * @param ioThreads threads that talk to PostgreSQL, at least 1
 */
public record PostgresSettings(
    String host,
    int port,
    String database,
    String user,
    String password,
    PostgresTls tls,
    Duration connectTimeout,
    int ioThreads) {

  static final String PATH = "twinloop.persistence.postgres";

  /** Parameters a URL may have, by the names libpq gives them. */
  private static final Map<String, String> URL_PARAMETERS =
      Map.of(
          "sslmode", "ssl-mode",
          "sslrootcert", "root-certificate",
          "sslcert", "certificate",
          "sslkey", "key");

  public PostgresSettings {
    require(!host.isBlank(), "host", "name a host", host);
    require(port >= 1 && port <= 65535, "port", "be from 1 to 65535", port);
    require(!database.isBlank(), "database", "name a database", database);
    require(!user.isBlank(), "user", "name a role", user);
    require(connectTimeout.toMillis() > 0, "connect-timeout", "be positive", connectTimeout);
    require(ioThreads >= 1, "io-threads", "be at least 1", ioThreads);
  }

  /**
   * Reads the settings from the whole configuration of an actor system.
   *
   * @throws IllegalArgumentException naming the key whose value can't be used
   * @throws com.typesafe.config.ConfigException naming the key that's missing or of the wrong type
   */
  public static PostgresSettings read(Config config) {
    Config overrides = fromUrl(config.getString(PATH + ".url"));
    Config merged = overrides.withFallback(config);
    return new PostgresSettings(
        merged.getString(PATH + ".host"),
        merged.getInt(PATH + ".port"),
        merged.getString(PATH + ".database"),
        merged.getString(PATH + ".user"),
        merged.getString(PATH + ".password"),
        new PostgresTls(
            merged.getString(PATH + ".ssl-mode").toLowerCase(Locale.ROOT),
            merged.getString(PATH + ".root-certificate"),
            merged.getString(PATH + ".certificate"),
            merged.getString(PATH + ".key")),
        merged.getDuration(PATH + ".connect-timeout"),
        merged.getInt(PATH + ".io-threads"));
  }

  /** The address for pgjdbc, without user and password. */
  public String jdbcUrl() {
    String address = host.contains(":") ? "[" + host + "]" : host;
    return "jdbc:postgresql://%s:%d/%s?%s&connectTimeout=%d"
        .formatted(
            address,
            port,
            URLEncoder.encode(database, StandardCharsets.UTF_8).replace("+", "%20"),
            tls.jdbcParameters(),
            Math.max(1, connectTimeout.toSeconds()));
  }

  @Override
  public String toString() {
    return "PostgreSQL database '%s' at %s:%d as '%s'".formatted(database, host, port, user);
  }

  private static Config fromUrl(String url) {
    if (url.isBlank()) {
      return ConfigFactory.empty();
    }
    URI uri = parse(url);
    var values = new java.util.HashMap<String, Object>();
    values.put("host", uri.getHost());
    if (uri.getPort() != -1) {
      values.put("port", uri.getPort());
    }
    String path = uri.getPath();
    if (path != null && path.length() > 1) {
      values.put("database", path.substring(1));
    }
    String userInfo = uri.getRawUserInfo();
    if (userInfo != null) {
      String[] parts = userInfo.split(":", 2);
      values.put("user", decode(parts[0]));
      if (parts.length == 2) {
        values.put("password", decode(parts[1]));
      }
    }
    if (uri.getQuery() != null) {
      for (String parameter : uri.getQuery().split("&", -1)) {
        String[] pair = parameter.split("=", 2);
        String key = URL_PARAMETERS.get(pair[0]);
        require(
            key != null && pair.length == 2,
            "url",
            "have no parameters but " + URL_PARAMETERS.keySet().stream().sorted().toList(),
            pair[0]);
        values.put(key, pair[1]);
      }
    }
    return ConfigFactory.parseMap(values).atPath(PATH);
  }

  private static URI parse(String url) {
    String expected = "read postgresql://user:password@host:port/database";
    try {
      URI uri = new URI(url);
      String scheme = String.valueOf(uri.getScheme());
      require(
          scheme.equals("postgresql") || scheme.equals("postgres"), "url", expected, hidden(url));
      require(uri.getHost() != null, "url", expected, hidden(url));
      return uri;
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "%s.url must %s, but is '%s'.".formatted(PATH, expected, hidden(url)));
    }
  }

  private static String hidden(String url) {
    return url.replaceFirst("(?s)(//)?.*@", "$1…@");
  }

  private static String decode(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  static void require(boolean condition, String key, String expectation, Object value) {
    if (!condition) {
      throw new IllegalArgumentException(
          "%s.%s must %s, but is '%s'.".formatted(PATH, key, expectation, value));
    }
  }
}
