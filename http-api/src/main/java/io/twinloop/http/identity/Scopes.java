package io.twinloop.http.identity;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Reach;
import io.twinloop.http.Problems;
import io.twinloop.http.Stages;
import io.twinloop.projections.identity.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What of the organisation a caller may see, by how far they reach. What lies within somebody's
 * units is looked up and remembered for a few seconds.
 */
public final class Scopes {

  /** Where nobody comes with a permission in part. */
  public static final Scopes NONE =
      new Scopes(
          (personId, unit, at) -> CompletableFuture.completedStage(Optional.of(Scope.NOTHING)),
          Duration.ofSeconds(1));

  /** Ids of nodes and KPIs in all that is remembered, each some 100 bytes. */
  private static final long MOST_REMEMBERED_IDS = 1_000_000;

  /** Looks up what is within the units of a person, or within one unit. */
  @FunctionalInterface
  public interface Units {
    /**
     * Empty where it is more than can be held.
     *
     * @param at when it lay within the units they manage now; absent for now
     */
    CompletionStage<Optional<Scope>> of(
        String personId, Optional<String> only, Optional<Instant> at);
  }

  private record Key(String personId, Optional<String> unit, Optional<Instant> at) {}

  private final Units units;
  private final AsyncCache<Key, Scope> remembered;

  public Scopes(Units units, Duration memory) {
    this.units = units;
    this.remembered =
        Caffeine.newBuilder()
            .maximumWeight(MOST_REMEMBERED_IDS)
            .weigher((Key key, Scope scope) -> 1 + scope.size())
            .expireAfterWrite(memory)
            .executor(Stages.SAME_THREAD)
            .buildAsync();
  }

  /** What somebody may see who reaches this far. */
  public CompletionStage<Scope> of(Identity identity, Reach reach) {
    return of(identity, reach, Optional.empty());
  }

  /** What somebody may see of another time: what lay then within the units they manage now. */
  public CompletionStage<Scope> of(Identity identity, Reach reach, Optional<Instant> at) {
    return switch (reach) {
      case ALL -> CompletableFuture.completedStage(Scope.EVERYTHING);
      case WITHOUT_PEOPLE -> CompletableFuture.completedStage(Scope.WITHOUT_PEOPLE);
      case NONE -> CompletableFuture.completedStage(Scope.NOTHING);
      case OWN_UNITS ->
          remembered.get(
              new Key(identity.subject(), identity.unit(), at),
              (key, executor) -> look(key).toCompletableFuture());
    };
  }

  private CompletionStage<Scope> look(Key key) {
    return Stages.map(
        units.of(key.personId(), key.unit(), key.at()),
        found ->
            found.orElseThrow(
                () ->
                    Problems.of(
                            "refused",
                            "More lies within the units of '%s' than can be held apart; ask as twin_admin or analyst."
                                .formatted(key.personId()))
                        .refuse()));
  }
}
