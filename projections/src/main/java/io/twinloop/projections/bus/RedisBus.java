package io.twinloop.projections.bus;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.RedisBusyException;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.XAddArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.jspecify.annotations.Nullable;

/**
 * The bus, on Redis Streams: each topic is one stream or several, in which the hash of the key
 * chooses. An entry has the fields {@code key} and {@code event}, a CloudEvent in structured JSON.
 */
final class RedisBus implements EventBus {

  static final String NAME = "Redis";

  /** How many streams a topic has; all nodes must agree, or a key would be in two of them. */
  private static final String STREAMS = "twinloop:streams-per-topic";

  private static final RedisCodec<String, byte[]> CODEC =
      RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

  private final BusSettings common;
  private final RedisSettings settings;
  private final ClientResources resources;
  private final RedisClient client;
  private final Map<String, RedisAppender> appenders = new ConcurrentHashMap<>();
  private volatile @Nullable StatefulRedisConnection<String, byte[]> connection;

  RedisBus(BusSettings common, RedisSettings settings) {
    this.common = common;
    this.settings = settings;
    this.resources =
        ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .reconnectDelay(
                Delay.exponential(
                    Duration.ofMillis(50), Duration.ofSeconds(2), 2, TimeUnit.MILLISECONDS))
            .build();
    this.client = RedisClient.create(resources, settings.uri());
    client.setOptions(
        ClientOptions.builder()
            // While it is away publishers and consumers are told at once, and try again themselves.
            .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
            .timeoutOptions(TimeoutOptions.enabled())
            .socketOptions(
                SocketOptions.builder()
                    .connectTimeout(RedisSettings.ANSWERS_WITHIN)
                    .keepAlive(true)
                    .build())
            .sslOptions(settings.security().tls())
            .build());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String address() {
    return settings.address();
  }

  @Override
  public void prepare() {
    try {
      RedisCommands<String, byte[]> redis = connected().sync();
      RedisCheck.of(redis, address()).run();
      agreeOnStreams(redis);
      for (String topic : EventBus.topics()) {
        settings.streamsOf(topic).forEach(stream -> createGroup(redis, stream));
      }
    } catch (RedisException e) {
      throw RedisCheck.isRefusal(e)
          ? BusRefusedException.noTrust(NAME, address(), e, "twinloop.redis")
          : new BusUnavailableException(NAME, String.join(", ", EventBus.topics()), e);
    }
  }

  private void agreeOnStreams(RedisCommands<String, byte[]> redis) {
    redis.setnx(STREAMS, text(Integer.toString(settings.streams())));
    String agreed = new String(redis.get(STREAMS), StandardCharsets.UTF_8);
    if (!agreed.equals(Integer.toString(settings.streams()))) {
      throw new BusRefusedException(
          "In Redis at %s each topic has %s streams, but twinloop.redis.streams is %d. Set it to %s on all nodes; to change it, stop all, wait until nothing is pending, delete the key %s and start again."
              .formatted(address(), agreed, settings.streams(), agreed, STREAMS));
    }
  }

  private void createGroup(RedisCommands<String, byte[]> redis, String stream) {
    try {
      redis.xgroupCreate(
          StreamOffset.from(stream, "0"),
          common.consumerGroup(),
          XGroupCreateArgs.Builder.mkstream());
    } catch (RedisBusyException e) {
      // It is there already.
    }
  }

  @Override
  public CompletionStage<?> ping(Duration atMost) {
    try {
      return commands()
          .ping()
          .thenApply(pong -> pong)
          .toCompletableFuture()
          .orTimeout(atMost.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  @Override
  public CompletionStage<Void> publish(String topic, String key, byte[] event) {
    return appenders
        .computeIfAbsent(
            settings.streamOf(topic, key),
            stream -> new RedisAppender(stream, settings.retention(), this::commands))
        .append(key, event);
  }

  /** The database keeps every letter; the stream shows the newest to whoever watches it. */
  @Override
  public CompletionStage<Void> publishDead(DeadLetter letter) {
    Map<String, byte[]> entry = new LinkedHashMap<>();
    entry.put("key", text(letter.key()));
    entry.put("event", letter.event().toArray());
    entry.put("consumer", text(letter.consumerGroup()));
    entry.put("topic", text(letter.topic()));
    entry.put("error", text(letter.error()));
    entry.put("attempts", text(Integer.toString(letter.attempts())));
    try {
      return commands()
          .xadd(
              settings.deadLetterStream(),
              XAddArgs.Builder.maxlen(settings.retention()).approximateTrimming(),
              entry)
          .handle(
              (id, failure) -> {
                if (failure != null) {
                  throw new BusUnavailableException(NAME, settings.deadLetterStream(), failure);
                }
                return null;
              });
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(
          new BusUnavailableException(NAME, settings.deadLetterStream(), e));
    }
  }

  @Override
  public EventConsumer consumer(
      ActorSystem<?> system, EventDelivery delivery, Clock clock, MeterRegistry metrics) {
    return consumer(system, delivery, clock, metrics, "redis-consumer");
  }

  /**
   * @param name of the cluster's processes that share the streams; the same on all nodes
   */
  RedisEventConsumer consumer(
      ActorSystem<?> system,
      EventDelivery delivery,
      Clock clock,
      MeterRegistry metrics,
      String name) {
    ConsumerLag lag = new ConsumerLag(common, clock, metrics);
    List<RedisStreamReader> readers =
        EventBus.topics().stream()
            .flatMap(
                topic ->
                    settings
                        .streamsOf(topic)
                        .map(
                            stream ->
                                new RedisStreamReader(
                                    system, this, new RedisTopic(topic, stream), delivery, lag)))
            .toList();
    return new RedisEventConsumer(system, name, readers, lag);
  }

  /** One of the streams of a topic. */
  record RedisTopic(String topic, String stream) {}

  RedisSettings settings() {
    return settings;
  }

  String group() {
    return common.consumerGroup();
  }

  /** The commands of the connection that all share; fails before the bus was prepared. */
  RedisAsyncCommands<String, byte[]> commands() {
    StatefulRedisConnection<String, byte[]> open = connection;
    if (open == null) {
      throw new IllegalStateException("no connection to " + address() + " yet");
    }
    return open.async();
  }

  /** A connection for one who waits on it. */
  CompletionStage<StatefulRedisConnection<String, byte[]>> connect() {
    return client
        .connectAsync(CODEC, settings.uri())
        .thenApply(
            own -> {
              own.setTimeout(settings.block().plus(RedisSettings.ANSWERS_WITHIN));
              return own;
            });
  }

  private synchronized StatefulRedisConnection<String, byte[]> connected() {
    StatefulRedisConnection<String, byte[]> open = connection;
    if (open == null) {
      open = client.connect(CODEC);
      connection = open;
    }
    return open;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    var unused = resources.shutdown(0, 2, TimeUnit.SECONDS); // its threads are daemons
  }
}
