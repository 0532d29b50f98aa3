package io.twinloop.http.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Identity.Kind;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.Stages;
import io.twinloop.projections.identity.ApiKeys;
import io.twinloop.projections.identity.ApiKeys.ApiKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * API keys held against the hashes that are kept, in a time that tells nothing of them.
 *
 * <p>A key that held is remembered for a few seconds, under its hash, so that a busy caller doesn't
 * ask the database with each request: so long a revoked key goes on at most, on other nodes; on the
 * node that revoked it it ends at once. Those who show one key at the same time share one look.
 */
public final class KeptApiKeys implements ApiKeyCheck {

  private static final int REMEMBERED_KEYS = 10_000;
  private static final Duration HELD_MEMORY = Duration.ofHours(1);

  /** Held against where there is no key, so that this takes as long. */
  private static final String NO_HASH = "0".repeat(64);

  private record Holder(String id, Identity identity, Instant until) {}

  private final ApiKeys keys;
  private final Clock clock;
  private final Cache<String, Holder> remembered;
  private final Cache<String, String> held =
      Caffeine.newBuilder()
          .maximumSize(REMEMBERED_KEYS)
          .expireAfterWrite(HELD_MEMORY)
          .executor(Stages.SAME_THREAD)
          .build();
  private final ConcurrentMap<String, CompletableFuture<Optional<ApiKey>>> looks =
      new ConcurrentHashMap<>();
  private final AtomicLong revocations = new AtomicLong();

  /**
   * @param memory how long a key that held is taken without another look
   */
  public KeptApiKeys(ApiKeys keys, Clock clock, Duration memory) {
    this.keys = keys;
    this.clock = clock;
    this.remembered =
        Caffeine.newBuilder()
            .maximumSize(REMEMBERED_KEYS)
            .expireAfterWrite(memory)
            .executor(Stages.SAME_THREAD)
            .build();
  }

  @Override
  public CompletionStage<Identity> identify(String text) {
    ApiKeyText shown = ApiKeyText.read(text).orElseThrow(KeptApiKeys::unknown);
    String hash = Login.sha256(text);
    Holder known = remembered.getIfPresent(hash);
    if (known != null && clock.instant().isBefore(known.until())) {
      return CompletableFuture.completedStage(known.identity());
    }
    long before = revocations.get();
    return Stages.map(
        look(shown.id()),
        found -> {
          Holder holder = holder(shown, found);
          held.put(hash, shown.id());
          remembered.put(hash, holder);
          if (revocations.get() != before) { // it may be the one that was revoked while we looked
            held.invalidate(hash);
            remembered.invalidate(hash);
          }
          return holder.identity();
        });
  }

  @Override
  public boolean heldLately(String text) {
    return held.getIfPresent(Login.sha256(text)) != null;
  }

  private CompletionStage<Optional<ApiKey>> look(String id) {
    CompletableFuture<Optional<ApiKey>> begun = new CompletableFuture<>();
    CompletableFuture<Optional<ApiKey>> underWay = looks.putIfAbsent(id, begun);
    if (underWay != null) {
      return underWay;
    }
    CompletionStage<Optional<ApiKey>> found;
    try {
      found = keys.find(id);
    } catch (RuntimeException e) {
      found = CompletableFuture.failedStage(e);
    }
    Stages.handle(
        found,
        (key, failure) -> {
          looks.remove(id, begun);
          return failure == null ? begun.complete(key) : begun.completeExceptionally(failure);
        });
    return begun;
  }

  private Holder holder(ApiKeyText shown, Optional<ApiKey> found) {
    String kept = found.map(ApiKey::secretHash).orElse(NO_HASH);
    boolean same = MessageDigest.isEqual(bytes(kept), bytes(shown.secretHash()));
    ApiKey key =
        found
            .filter(there -> same && there.isGood(clock.instant()))
            .orElseThrow(KeptApiKeys::unknown);
    Instant expires = key.expiresAt();
    return new Holder(key.id(), identity(key), expires == null ? Instant.MAX : expires);
  }

  private static byte[] bytes(String hash) {
    return hash.getBytes(StandardCharsets.US_ASCII);
  }

  ApiKeys store() {
    return keys;
  }

  /** The real time, to the microsecond that is kept. */
  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  /** Forgets a key that was revoked here. */
  void forget(String id) {
    looks.remove(id);
    revocations.incrementAndGet();
    held.asMap().values().removeIf(id::equals);
    remembered.asMap().values().removeIf(holder -> holder.id().equals(id));
  }

  private static Identity identity(ApiKey key) {
    String domain = key.domain();
    if (domain != null) {
      return Identity.domain(domain);
    }
    Role role =
        Role.ofUser(String.valueOf(key.role()))
            .orElseThrow(
                () -> new IllegalStateException("The API key " + key.id() + " has no known role"));
    return new Identity(
        Kind.USER, "key:" + key.id(), role, Optional.empty(), Optional.ofNullable(key.unit()));
  }

  /** The same sentence for whatever is wrong: it doesn't tell which ids exist. */
  private static RuntimeException unknown() {
    return Tokens.unauthenticated("The API key is unknown, revoked or expired.");
  }
}
