package io.twinloop.http.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import io.twinloop.domain.identity.KeySetSource;
import io.twinloop.http.Unavailable;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public keys of the issuer, remembered.
 *
 * <p>A key that isn't known makes us look at the source again, at most once in a while and once at
 * a time, however many ask: so a new key works at once, and made-up key ids cost nothing. Keys are
 * looked at again when they are old, without anybody waiting. While the source is away the keys
 * that are known stay; one the source no longer names is gone with the next look.
 */
final class IssuerKeys {

  private static final Logger LOG = LoggerFactory.getLogger(IssuerKeys.class);
  private static final int MOST_KEYS = 100;
  private static final int SHORTEST_RSA_BITS = 2048;

  /** A key, and the one algorithm it is good for. */
  record Key(JWSAlgorithm algorithm, JWSVerifier verifier) {}

  /** What the last looks brought; {@code problem} of the last one, if it failed. */
  private record Known(
      Map<String, Key> keys, Instant keysFrom, Instant looked, Optional<String> problem) {}

  private final KeySetSource source;
  private final Clock clock;
  private final Duration refresh;
  private final Duration pause;
  private volatile Known known = new Known(Map.of(), Instant.MIN, Instant.MIN, Optional.empty());
  private @Nullable CompletableFuture<Known> look;

  /**
   * @param refresh how old keys may be before they are looked at again
   * @param pause at least so long between two looks
   */
  IssuerKeys(KeySetSource source, Clock clock, Duration refresh, Duration pause) {
    this.source = source;
    this.clock = clock;
    this.refresh = refresh;
    this.pause = pause;
  }

  /**
   * The key with this id; without an id the only one for the algorithm. Empty when there is none.
   * Fails with {@link Unavailable} when that can't be told because the source is away.
   */
  CompletionStage<Optional<Key>> find(Optional<String> id, JWSAlgorithm algorithm) {
    Known now = known;
    Optional<Key> key = in(now.keys(), id, algorithm);
    boolean mayLook = now.looked().isBefore(clock.instant().minus(pause));
    if (key.isPresent()) {
      if (mayLook && now.keysFrom().isBefore(clock.instant().minus(refresh))) {
        var unused = look(); // nobody waits for it
      }
      return CompletableFuture.completedStage(key);
    }
    CompletionStage<Known> newest = mayLook ? look() : underWay(now);
    return newest.thenApplyAsync(
        then ->
            in(then.keys(), id, algorithm)
                .or(
                    () -> {
                      if (then.problem().isPresent()) {
                        throw new Unavailable("The source of the issuer's keys", pause);
                      }
                      return Optional.empty();
                    }),
        Runnable::run);
  }

  private static Optional<Key> in(
      Map<String, Key> keys, Optional<String> id, JWSAlgorithm algorithm) {
    if (id.isPresent()) {
      return Optional.ofNullable(keys.get(id.get()))
          .filter(key -> key.algorithm().equals(algorithm));
    }
    var fitting = keys.values().stream().filter(key -> key.algorithm().equals(algorithm)).toList();
    return fitting.size() == 1 ? Optional.of(fitting.get(0)) : Optional.empty();
  }

  private synchronized CompletionStage<Known> underWay(Known otherwise) {
    return look == null ? CompletableFuture.completedStage(otherwise) : look;
  }

  /** The look that is under way, or one begun now; nobody waits for it at a lock. */
  private CompletionStage<Known> look() {
    CompletableFuture<Known> begun = new CompletableFuture<>();
    synchronized (this) {
      if (look != null) {
        return look;
      }
      look = begun;
    }
    CompletionStage<String> fetched;
    try {
      fetched = source.fetch();
    } catch (RuntimeException e) {
      fetched = CompletableFuture.failedStage(e);
    }
    var unused =
        fetched
            .thenApplyAsync(IssuerKeys::read, Runnable::run)
            .handleAsync((keys, failure) -> seen(keys, failure), Runnable::run)
            .thenAcceptAsync(
                now -> {
                  synchronized (this) {
                    look = null;
                  }
                  begun.complete(now);
                },
                Runnable::run);
    return begun;
  }

  private Known seen(@Nullable Map<String, Key> keys, @Nullable Throwable failure) {
    Known before = known;
    Instant now = clock.instant();
    if (keys == null) {
      Throwable cause =
          failure != null && failure.getCause() != null ? failure.getCause() : failure;
      String problem = cause == null ? "no answer" : String.valueOf(cause.getMessage());
      if (!before.problem().equals(Optional.of(problem))) {
        LOG.warn(
            "The keys of the issuer of tokens can't be read: {} ({} keys stay in use)",
            problem,
            before.keys().size());
      }
      known = new Known(before.keys(), before.keysFrom(), now, Optional.of(problem));
    } else {
      if (!before.keys().keySet().equals(keys.keySet())) {
        LOG.info("The issuer of tokens has {} keys for us: {}", keys.size(), keys.keySet());
      }
      known = new Known(keys, now, now, Optional.empty());
    }
    return known;
  }

  /** The keys that are good for signatures, by id; others are passed over. */
  private static Map<String, Key> read(String json) {
    try {
      Map<String, Key> keys = new HashMap<>();
      for (JWK key : JWKSet.parse(json).getKeys()) {
        boolean forSignatures = key.getKeyUse() == null || key.getKeyUse().equals(KeyUse.SIGNATURE);
        String id = key.getKeyID() == null ? "" : key.getKeyID();
        if (forSignatures && keys.size() < MOST_KEYS && !keys.containsKey(id)) {
          usable(key).ifPresent(usable -> keys.put(id, usable));
        }
      }
      return Map.copyOf(keys);
    } catch (ParseException e) {
      throw new IllegalStateException("it is no key set: " + e.getMessage(), e);
    }
  }

  /** One algorithm for each kind of key, whatever a token says: nothing can be mistaken. */
  private static Optional<Key> usable(JWK key) {
    try {
      if (key instanceof RSAKey rsa
          && rsa.size() >= SHORTEST_RSA_BITS
          && fits(key, JWSAlgorithm.RS256)) {
        return Optional.of(new Key(JWSAlgorithm.RS256, new RSASSAVerifier(rsa.toPublicJWK())));
      }
      if (key instanceof ECKey ec
          && ec.getCurve().equals(Curve.P_256)
          && fits(key, JWSAlgorithm.ES256)) {
        return Optional.of(new Key(JWSAlgorithm.ES256, new ECDSAVerifier(ec.toPublicJWK())));
      }
    } catch (JOSEException e) {
      LOG.warn("A key of the issuer of tokens can't be used: {}", e.getMessage());
    }
    return Optional.empty();
  }

  private static boolean fits(JWK key, JWSAlgorithm algorithm) {
    return key.getAlgorithm() == null || key.getAlgorithm().equals(algorithm);
  }
}
