package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.domain.Secret;
import io.twinloop.embedded.RedisServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A redis-server of this machine, for a test class. */
final class TestRedis implements TestBus {

  private static final AtomicInteger CONSUMERS = new AtomicInteger();

  /** Nothing is pending, and the newest entry was delivered. */
  private static final String IS_ALL_ACKNOWLEDGED =
      """
      local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
      for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
        local fields = {}
        for n = 1, #group, 2 do fields[group[n]] = group[n + 1] end
        if fields['name'] == ARGV[1] and fields['pending'] == 0
            and (#newest == 0 or fields['last-delivered-id'] == newest[1][1]) then
          return 1
        end
      end
      return 0
      """;

  private final Path folder;
  private final RedisServer server;
  private final RedisClient client;
  private final StatefulRedisConnection<String, byte[]> connection;
  private RedisSettings settings;

  private TestRedis() {
    folder = temporaryFolder();
    server = RedisServer.start(folder, 0);
    client = RedisClient.create(server.url());
    connection = client.connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));
    settings = settings(1, 10_000);
  }

  /** Skips the tests where no redis-server is installed, unless they are told to fail then. */
  static TestRedis running() {
    assumeInstalled();
    return new TestRedis();
  }

  static void assumeInstalled() {
    if (!RedisServer.isInstalled()) {
      String sentence =
          "No redis-server is on the PATH (apt-get install redis-server), so nothing on Redis is tested.";
      if (Boolean.getBoolean("twinloop.require-redis")) {
        throw new AssertionError(sentence);
      }
      System.err.println("SKIPPED: " + sentence);
      Assumptions.abort(sentence);
    }
  }

  static Path temporaryFolder() {
    try {
      return Files.createTempDirectory("twinloop-redis-test");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Settings with so many streams per topic, each with so many entries at most. */
  RedisSettings settings(int streams, int retention) {
    return at(server.url(), RedisSecurity.NONE, streams, retention);
  }

  static RedisSettings at(String url, RedisSecurity security, int streams, int retention) {
    return new RedisSettings(
        Secret.of(url),
        security,
        streams,
        retention,
        "stream:dlq",
        10,
        Duration.ofMillis(100),
        64,
        Duration.ofMillis(900));
  }

  /** Buses use these settings from now on. */
  void use(RedisSettings others) {
    settings = others;
  }

  RedisCommands<String, byte[]> commands() {
    return connection.sync();
  }

  /** Nothing is left of earlier tests. */
  void empty() {
    commands().flushall();
  }

  long pending(String group, String stream) {
    return commands().xpending(stream, group).getCount();
  }

  @Override
  public RedisBus bus(BusSettings group) {
    return bus(group, settings);
  }

  RedisBus bus(BusSettings group, RedisSettings with) {
    return new RedisBus(group, with);
  }

  @Override
  public RedisBus nowhere() {
    return new RedisBus(
        BusContract.group("g"), at("redis://127.0.0.1:1", RedisSecurity.NONE, 1, 10));
  }

  @Override
  public Config system() {
    return ConfigFactory.parseString(
        """
        pekko.actor.provider = cluster
        pekko.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
        pekko.cluster.roles = [projections]
        pekko.cluster.downing-provider-class = ""
        pekko.coordinated-shutdown.run-by-actor-system-terminate = off
        pekko.cluster.jmx.multi-mbeans-in-same-jvm = on
        """);
  }

  @Override
  public EventConsumer consumer(
      EventBus bus,
      ActorSystem<?> system,
      EventDelivery delivery,
      Clock clock,
      MeterRegistry metrics) {
    Cluster cluster = Cluster.get(system);
    cluster.manager().tell(new Join(cluster.selfMember().address()));
    return ((RedisBus) bus)
        .consumer(
            system, delivery, clock, metrics, "redis-consumer-" + CONSUMERS.incrementAndGet());
  }

  @Override
  public void beginNow(String group) {
    empty();
  }

  @Override
  public void produce(String topic, @Nullable String key, byte @Nullable [] event) {
    Map<String, byte[]> fields = new LinkedHashMap<>();
    fields.put("by", "a test".getBytes(StandardCharsets.UTF_8));
    if (key != null) {
      fields.put("key", key.getBytes(StandardCharsets.UTF_8));
    }
    if (event != null) {
      fields.put("event", event);
    }
    commands().xadd("stream:" + topic, fields);
  }

  @Override
  public List<Kept> on(String topic) {
    return entries("stream:" + topic);
  }

  @Override
  public List<Kept> dead(String group) {
    return entries("stream:dlq").stream()
        .filter(each -> group.equals(each.attributes().get("consumer")))
        .toList();
  }

  private List<Kept> entries(String stream) {
    return commands().xrange(stream, Range.unbounded()).stream().map(TestRedis::kept).toList();
  }

  private static Kept kept(StreamMessage<String, byte[]> message) {
    Map<String, String> others = new TreeMap<>();
    message
        .getBody()
        .forEach((name, value) -> others.put(name, new String(value, StandardCharsets.UTF_8)));
    return new Kept(
        others.remove("key"), message.getBody().getOrDefault("event", new byte[0]), others);
  }

  @Override
  public boolean isAllAcknowledged(String group, String topic) {
    Long all =
        commands()
            .eval(
                IS_ALL_ACKNOWLEDGED,
                ScriptOutputType.INTEGER,
                new String[] {"stream:" + topic},
                group.getBytes(StandardCharsets.UTF_8));
    return all == 1;
  }

  @Override
  public void stop() {
    server.stop();
  }

  @Override
  public void start() {
    server.start();
  }

  @Override
  public void close() {
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    server.close();
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
