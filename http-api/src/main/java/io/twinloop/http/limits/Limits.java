package io.twinloop.http.limits;

import io.github.bucket4j.TimeMeter;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.http.limits.Buckets.Counter;
import io.twinloop.http.limits.Buckets.Key;
import io.twinloop.http.limits.LimitSettings.Quota;
import io.twinloop.http.limits.LimitSettings.When;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/**
 * How many requests a caller may send: at each route, in all routes of a class, and with
 * credentials that are wrong.
 *
 * <p>Each node counts for itself. What is left is refilled evenly, and at most the whole quota is
 * saved up.
 */
public final class Limits {

  private static final String USUAL = "usual";
  private static final String NO_CREDENTIALS = "no-credentials";
  private static final String FAILED_LOGINS = "failed-logins";
  private static final String STRANGERS = "strangers";

  /** Nothing is limited. */
  public static final Limits NONE =
      new Limits(
          new LimitSettings(
              When.NEVER,
              new Quota(1, Duration.ofSeconds(1)),
              Map.of(),
              new Quota(1, Duration.ofSeconds(1)),
              1),
          false);

  private final LimitSettings settings;
  private final boolean on;
  private final Buckets buckets;

  /**
   * @param login whether callers must show who they are
   */
  public Limits(LimitSettings settings, boolean login) {
    this(settings, login, TimeMeter.SYSTEM_NANOTIME);
  }

  Limits(LimitSettings settings, boolean login, TimeMeter clock) {
    this.settings = settings;
    this.on = settings.when() == When.ALWAYS || (settings.when() == When.WITH_LOGIN && login);
    this.buckets = new Buckets(settings.mostCallers(), clock);
  }

  /**
   * What a request found.
   *
   * @param policy the name of the limit
   * @param left requests that may still come at once
   * @param pause until the next one may come, zero when it may now
   * @param full until all of the quota is there again
   * @param again it was refused before, and none was allowed since
   */
  public record Standing(
      String policy,
      Quota quota,
      boolean allowed,
      long left,
      Duration pause,
      Duration full,
      boolean again) {

    /** Says no, and when to come again. */
    public ProblemException refusal() {
      return Problems.of(
              "too-many-requests",
              "More than %d requests in %d s (limit '%s'); come again in %d s."
                  .formatted(
                      quota.requests(), quota.per().toSeconds(), policy, wholeSeconds(pause)))
          .refuse()
          .retryAfter(pause);
    }

    /** Tells the caller, as draft-ietf-httpapi-ratelimit-headers-10 has it. */
    public List<HttpHeader> headers() {
      return List.of(
          RawHeader.create(
              "RateLimit-Policy",
              "\"%s\";q=%d;w=%d".formatted(policy, quota.requests(), quota.per().toSeconds())),
          RawHeader.create(
              "RateLimit", "\"%s\";r=%d;t=%d".formatted(policy, left, wholeSeconds(full))));
    }

    private static long wholeSeconds(Duration duration) {
      return duration.plusMillis(999).toSeconds();
    }
  }

  /**
   * Counts a request; empty where nothing is limited.
   *
   * @param route method and path template
   * @param limitClass of the route, where it has one
   * @throws IllegalArgumentException when no class has that name
   */
  public Optional<Standing> count(String caller, String route, Optional<String> limitClass) {
    if (!on) {
      return Optional.empty();
    }
    String policy = limitClass.orElse(USUAL);
    Quota quota = limitClass.map(this::quotaOf).orElse(settings.usual());
    Key key = new Key(limitClass.orElse(route), caller);
    return Optional.of(buckets.of(key, quota).take(policy));
  }

  /** Counts a request without any credentials; empty where nothing is limited. */
  public Optional<Standing> withoutCredentials(String address) {
    return on
        ? Optional.of(
            buckets
                .of(new Key(NO_CREDENTIALS, address), settings.failedLogins())
                .take(NO_CREDENTIALS))
        : Optional.empty();
  }

  /**
   * How an address stands that shows credentials, where too many of it were wrong; else empty. What
   * can be told without a look anywhere, and what held lately, is never refused: a neighbour behind
   * the same gateway can't keep anybody out.
   *
   * @param isGuess whether it takes a look to tell if they hold, and they didn't lately
   */
  public Optional<Standing> beforeLookUp(String address, BooleanSupplier isGuess) {
    if (!on) {
      return Optional.empty();
    }
    Counter counter = buckets.of(new Key(FAILED_LOGINS, address), settings.failedLogins());
    return counter.isEmpty() && isGuess.getAsBoolean()
        ? Optional.of(counter.take(FAILED_LOGINS))
        : Optional.empty();
  }

  /** Counts wrong credentials; not allowed where there were too many. */
  public Optional<Standing> loginFailed(String address) {
    return on
        ? Optional.of(
            buckets
                .of(new Key(FAILED_LOGINS, address), settings.failedLogins())
                .take(FAILED_LOGINS))
        : Optional.empty();
  }

  /**
   * Whether the audit is to keep that a request of this address was refused before it was known who
   * asks, for another reason than wrong credentials. These are counted whatever the settings say:
   * each takes an entry.
   */
  public boolean isKept(String address) {
    return buckets
        .of(new Key(STRANGERS, address), settings.failedLogins())
        .take(STRANGERS)
        .allowed();
  }

  /** The quota of a class; throws when no class has that name. */
  public Quota quotaOf(String limitClass) {
    Quota quota = settings.classes().get(limitClass);
    if (quota == null) {
      throw new IllegalArgumentException(
          "There is no limit class '%s' under twinloop.limits.classes".formatted(limitClass));
    }
    return quota;
  }

  /** How many buckets are kept. */
  int remembered() {
    return buckets.size();
  }
}
