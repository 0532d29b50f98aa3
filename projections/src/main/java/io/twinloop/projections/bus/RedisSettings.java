package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import io.lettuce.core.RedisURI;
import io.twinloop.domain.Secret;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where Redis is and how its streams are used; read once from {@code
 * twinloop.integration.event_bus} and {@code twinloop.redis}.
 *
 * @param url {@code redis://host:port/database}, with rediss where it speaks TLS; may hold user and
 *     password
 * @param security login and certificates
 * @param streams per topic; the same on all nodes
 * @param retention entries a stream holds at most
 * @param deadLetterStream where events that cannot be handled go
 * @param batch entries read at once
 * @param block how long a reader waits for an entry
 * @param inFlight events of one stream handled at once
 * @param claimAfter an entry that another consumer has had for so long without an acknowledgement
 *     is taken over
 */
public record RedisSettings(
    Secret url,
    RedisSecurity security,
    int streams,
    int retention,
    String deadLetterStream,
    int batch,
    Duration block,
    int inFlight,
    Duration claimAfter) {

  private static final String BUS = "twinloop.integration.event_bus.";
  private static final String REDIS = "twinloop.redis.";
  private static final int PORT = 6379;

  /** No answer by then, and the server is taken for away; a wait for entries comes on top. */
  static final Duration ANSWERS_WITHIN = Duration.ofSeconds(3);

  /** Refuses what can't be, naming the key. */
  public RedisSettings {
    URI uri = parsed(url);
    if (security.namesCertificates() && uri.getScheme().equals("redis")) {
      throw new IllegalArgumentException(
          "%sredis_url must begin with rediss:// where certificates are named.".formatted(BUS));
    }
    atLeast(1, streams, REDIS + "streams");
    atLeast(1, retention, BUS + "stream_retention_max");
    atLeast(1, batch, BUS + "batch_size");
    atLeast(1, block.toMillis(), BUS + "block_timeout_ms");
    atLeast(1, inFlight, REDIS + "in-flight");
    atLeast(1, claimAfter.toMillis(), REDIS + "claim-after");
  }

  /** Reads the settings; fails naming the key that is wrong. */
  public static RedisSettings of(Config config) {
    Config integration = config.getConfig("twinloop.integration");
    Config redis = config.getConfig("twinloop.redis");
    return new RedisSettings(
        Secret.of(integration.getString("event_bus.redis_url")),
        RedisSecurity.of(config),
        redis.getInt("streams"),
        integration.getInt("event_bus.stream_retention_max"),
        integration.getString("monitoring.dead_letter_stream"),
        integration.getInt("event_bus.batch_size"),
        Duration.ofMillis(integration.getInt("event_bus.block_timeout_ms")),
        redis.getInt("in-flight"),
        redis.getDuration("claim-after"));
  }

  /** host:port/database, without any secret. */
  String address() {
    RedisURI uri = uri();
    return uri.getHost()
        + ":"
        + uri.getPort()
        + (uri.getDatabase() == 0 ? "" : "/" + uri.getDatabase());
  }

  /** What the client connects to; a user or password of the settings counts before the URL's. */
  RedisURI uri() {
    URI given = parsed(url);
    RedisURI.Builder uri =
        RedisURI.builder()
            .withHost(given.getHost())
            .withPort(given.getPort() < 0 ? PORT : given.getPort())
            .withSsl(given.getScheme().equals("rediss"))
            .withVerifyPeer(true)
            .withDatabase(database(given))
            .withClientName("twinloop")
            .withTimeout(ANSWERS_WITHIN);
    authenticate(uri, given.getUserInfo());
    return uri.build();
  }

  private void authenticate(RedisURI.Builder uri, @Nullable String userInfo) {
    if (!security.password().isEmpty()) {
      authenticate(uri, security.user(), security.password().reveal());
    } else if (userInfo != null) {
      int colon = userInfo.indexOf(':');
      authenticate(uri, userInfo.substring(0, Math.max(0, colon)), userInfo.substring(colon + 1));
    }
  }

  private static void authenticate(RedisURI.Builder uri, String user, String password) {
    if (user.isBlank()) {
      uri.withPassword(password.toCharArray());
    } else {
      uri.withAuthentication(user, password.toCharArray());
    }
  }

  /**
   * The streams of a topic; the first has the topic's plain name, which is all there is where one
   * is enough.
   */
  Stream<String> streamsOf(String topic) {
    return IntStream.range(0, streams).mapToObj(index -> stream(topic, index));
  }

  /** The stream of a topic that holds the events of a key. */
  String streamOf(String topic, String key) {
    return stream(topic, Math.floorMod(hash(key), streams));
  }

  private static String stream(String topic, int index) {
    return index == 0 ? "stream:" + topic : "stream:" + topic + ":" + index;
  }

  /** FNV-1a over UTF-8: the same in every program and release, as all publishers have to agree. */
  private static int hash(String key) {
    int hash = 0x811c9dc5;
    for (byte one : key.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (one & 0xff)) * 0x01000193;
    }
    return hash;
  }

  private static URI parsed(Secret url) {
    try {
      URI uri = new URI(url.reveal());
      if (uri.getHost() != null
          && ("redis".equals(uri.getScheme()) || "rediss".equals(uri.getScheme()))) {
        database(uri);
        return uri;
      }
    } catch (URISyntaxException | NumberFormatException e) {
      // the same sentence for all; the value may hold a password and is not repeated
    }
    throw new IllegalArgumentException(
        "%sredis_url must be redis://host:port or rediss://host:port for TLS, with /1 and the like for another database than 0; sentinels and clusters are not supported."
            .formatted(BUS));
  }

  private static int database(URI uri) {
    String path = uri.getPath();
    return path == null || path.length() < 2 ? 0 : Integer.parseInt(path.substring(1));
  }

  private static void atLeast(long least, long value, String key) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s is %d, but must be at least %d.".formatted(key, value, least));
    }
  }
}
