package io.twinloop.http.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.github.bucket4j.TimeMeter;
import io.twinloop.http.limits.LimitSettings.Quota;
import io.twinloop.http.limits.LimitSettings.When;
import io.twinloop.http.limits.Limits.Standing;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many requests a caller may send, by a clock that the test moves. */
class LimitsTest {

  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Optional<String> ANALYSIS = Optional.of("analysis");

  private final AtomicLong nanos = new AtomicLong(1);

  @Test
  void shouldAllowTheQuotaAndThenSayWhenToComeAgain() {
    Limits limits = limits(10_000);
    for (int left = 9; left >= 0; left--) {
      Standing standing = count(limits, "user:ada", ANALYSIS);
      assertThat(standing.allowed()).isTrue();
      assertThat(standing.left()).isEqualTo(left);
    }

    Standing refused = count(limits, "user:ada", ANALYSIS);
    assertThat(refused.allowed()).isFalse();
    assertThat(refused.pause()).isEqualTo(Duration.ofSeconds(6));
    assertThat(refused.headers())
        .extracting(HttpHeader::toString)
        .containsExactly(
            "RateLimit-Policy: \"analysis\";q=10;w=60", "RateLimit: \"analysis\";r=0;t=60");
    pass(refused.pause());
    assertThat(count(limits, "user:ada", ANALYSIS).allowed()).isTrue();
    assertThat(count(limits, "user:ada", ANALYSIS).allowed()).isFalse();
  }

  @Test
  void shouldNotSaveUpMoreThanTheQuota() {
    Limits limits = limits(10_000);
    count(limits, "user:ada", ANALYSIS);
    pass(Duration.ofHours(3));

    assertThat(count(limits, "user:ada", ANALYSIS).left()).isEqualTo(9);
  }

  @Test
  void shouldCountEachCallerByItself() {
    Limits limits = limits(10_000);
    for (int i = 0; i < 11; i++) {
      count(limits, "user:ada", ANALYSIS);
    }

    assertThat(count(limits, "user:ada", ANALYSIS).allowed()).isFalse();
    assertThat(count(limits, "domain:ada", ANALYSIS).allowed()).isTrue();
  }

  @Test
  void shouldCountRoutesByThemselvesAndClassesTogether() {
    Limits limits = limits(10_000);
    for (int i = 0; i < 100; i++) {
      limits.count("user:ada", "GET /a", Optional.empty());
    }

    assertThat(limits.count("user:ada", "GET /a", Optional.empty()).orElseThrow().allowed())
        .isFalse();
    assertThat(limits.count("user:ada", "GET /b", Optional.empty()).orElseThrow().allowed())
        .isTrue();
    limits.count("user:ada", "POST /c", ANALYSIS);
    assertThat(limits.count("user:ada", "POST /d", ANALYSIS).orElseThrow().left()).isEqualTo(8);
  }

  @Test
  void shouldStopAddressesThatGuess() {
    Limits limits = limits(10_000);
    for (int i = 0; i < 3; i++) {
      assertThat(limits.beforeLookUp("192.0.2.1", () -> true)).isEmpty();
      assertThat(limits.loginFailed("192.0.2.1").orElseThrow().allowed()).isTrue();
    }

    assertThat(limits.loginFailed("192.0.2.1").orElseThrow().allowed()).isFalse();
    assertThat(limits.beforeLookUp("192.0.2.1", () -> false)).as("what held lately").isEmpty();
    Standing refused = limits.beforeLookUp("192.0.2.1", () -> true).orElseThrow();
    assertThat(refused.allowed()).isFalse();
    assertThat(refused.pause()).isEqualTo(Duration.ofSeconds(20));
    assertThat(limits.beforeLookUp("192.0.2.2", () -> true)).isEmpty();
    pass(refused.pause());
    assertThat(limits.beforeLookUp("192.0.2.1", () -> true)).isEmpty();
  }

  @Test
  void shouldCountRequestsWithoutCredentialsByAddress() {
    Limits limits = limits(10_000);
    for (int i = 0; i < 3; i++) {
      assertThat(limits.withoutCredentials("192.0.2.1").orElseThrow().allowed()).isTrue();
    }

    assertThat(limits.withoutCredentials("192.0.2.1").orElseThrow().allowed()).isFalse();
    assertThat(limits.beforeLookUp("192.0.2.1", () -> true)).as("who shows some may try").isEmpty();
  }

  @Test
  void shouldTellRepeatedRefusalsFromTheFirst() {
    Limits limits = limits(10_000);
    for (int i = 0; i < 10; i++) {
      assertThat(count(limits, "user:ada", ANALYSIS).again()).isFalse();
    }

    assertThat(count(limits, "user:ada", ANALYSIS).again()).isFalse();
    assertThat(count(limits, "user:ada", ANALYSIS).again()).isTrue();
    pass(Duration.ofSeconds(6));
    assertThat(count(limits, "user:ada", ANALYSIS).again()).isFalse();
    assertThat(count(limits, "user:ada", ANALYSIS).again()).as("the first again").isFalse();
  }

  @Test
  void shouldRememberABoundedNumberOfCallersAndForgetNoneWhoUsedUpTheirs() {
    Limits limits = limits(100);
    for (int i = 0; i < 10; i++) {
      count(limits, "user:ada", ANALYSIS);
    }
    for (int i = 0; i < 10_000; i++) {
      count(limits, "nobody:" + i, ANALYSIS);
    }

    assertThat(limits.remembered()).isLessThanOrEqualTo(101);
    assertThat(count(limits, "user:ada", ANALYSIS).allowed()).as("is not forgotten").isFalse();
    assertThat(count(limits, "nobody:new", ANALYSIS).allowed()).as("shares with all").isFalse();
    pass(MINUTE);
    assertThat(count(limits, "user:bob", ANALYSIS).left()).as("has its own again").isEqualTo(9);
    assertThat(limits.remembered()).isLessThan(5);
  }

  @Test
  void shouldLimitNothingWithoutALoginUnlessTold() {
    assertThat(new Limits(settings(When.WITH_LOGIN, 10), false).count("a", "b", ANALYSIS))
        .isEmpty();
    assertThat(new Limits(settings(When.WITH_LOGIN, 10), true).count("a", "b", ANALYSIS))
        .isPresent();
    assertThat(new Limits(settings(When.ALWAYS, 10), false).count("a", "b", ANALYSIS)).isPresent();
    Limits never = new Limits(settings(When.NEVER, 10), true);
    assertThat(never.count("a", "b", ANALYSIS)).isEmpty();
    assertThat(never.loginFailed("a")).isEmpty();
    assertThat(never.withoutCredentials("a")).isEmpty();
    assertThat(never.beforeLookUp("a", () -> true)).isEmpty();
  }

  @Test
  void shouldHaveTheClassesOfTheAnalysisRoutesReady() {
    LimitSettings settings = LimitSettings.from(ConfigFactory.load());

    assertThat(settings.classes())
        .containsEntry("analysis", new Quota(10, MINUTE))
        .containsEntry("analysis-status", new Quota(60, MINUTE))
        .containsEntry("analysis-templates", new Quota(5, MINUTE));
    assertThat(settings.when()).isEqualTo(When.WITH_LOGIN);
    assertThatThrownBy(() -> new Limits(settings, true).quotaOf("other"))
        .hasMessageContaining("'other'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"when = maybe", "usual.requests = 0", "usual.per = 1ms", "most-callers = 0"})
  void shouldNameTheSettingThatIsWrong(String setting) {
    String key = setting.substring(0, setting.indexOf(' ')).replace("usual.", "");

    assertThatThrownBy(
            () ->
                LimitSettings.from(
                    ConfigFactory.parseString("twinloop.limits { " + setting + " }")
                        .withFallback(ConfigFactory.load())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twinloop.limits." + key);
  }

  private Limits limits(int mostCallers) {
    return new Limits(
        settings(When.ALWAYS, mostCallers),
        true,
        new TimeMeter() {
          @Override
          public long currentTimeNanos() {
            return nanos.get();
          }

          @Override
          public boolean isWallClockBased() {
            return false;
          }
        });
  }

  private static LimitSettings settings(When when, int mostCallers) {
    return new LimitSettings(
        when,
        new Quota(100, MINUTE),
        Map.of("analysis", new Quota(10, MINUTE)),
        new Quota(3, MINUTE),
        mostCallers);
  }

  private static Standing count(Limits limits, String caller, Optional<String> limitClass) {
    return limits.count(caller, "POST /a", limitClass).orElseThrow();
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }
}
