package io.twinloop.http.identity;

import static io.twinloop.http.identity.TestTokens.ecKey;
import static io.twinloop.http.identity.TestTokens.published;
import static io.twinloop.http.identity.TestTokens.rsaKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.RSAKey;
import io.twinloop.domain.identity.KeySetSource;
import io.twinloop.http.Unavailable;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** The issuer's keys: new ones work, old ones end, an outage locks nobody out. */
class IssuerKeysTest {

  private static final RSAKey FIRST = rsaKey("first");
  private static final RSAKey SECOND = rsaKey("second");
  private static final Duration REFRESH = Duration.ofMinutes(5);
  private static final Duration PAUSE = Duration.ofSeconds(10);

  private final Issuer issuer = new Issuer();
  private final MovingClock clock = new MovingClock();
  private final IssuerKeys keys = new IssuerKeys(issuer, clock, REFRESH, PAUSE);

  /** Answers what it is told, or later. */
  private static final class Issuer implements KeySetSource {
    private final List<CompletableFuture<String>> waiting = new ArrayList<>();
    private String published = published(FIRST);
    private boolean away;
    private boolean slow;
    private int looks;

    @Override
    public CompletionStage<String> fetch() {
      looks++;
      CompletableFuture<String> answer = new CompletableFuture<>();
      if (slow) {
        waiting.add(answer);
      } else if (away) {
        answer.completeExceptionally(new IOException("connection refused"));
      } else {
        answer.complete(published);
      }
      return answer;
    }
  }

  private static final class MovingClock extends Clock {
    private Instant now = Instant.parse("2026-01-31T08:00:00Z");

    @Override
    public Instant instant() {
      return now;
    }

    void advance(Duration by) {
      now = now.plus(by);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private boolean knows(String id) {
    return keys.find(Optional.of(id), JWSAlgorithm.RS256).toCompletableFuture().join().isPresent();
  }

  @Test
  void shouldLookOnceForManyTokens() {
    for (int i = 0; i < 20; i++) {
      assertThat(knows("first")).isTrue();
    }

    assertThat(issuer.looks).isEqualTo(1);
  }

  @Test
  void shouldTakeANewKeyAfterTheLeastPause() {
    knows("first");
    issuer.published = published(FIRST, SECOND);

    assertThat(knows("second")).isFalse();
    assertThat(issuer.looks).isEqualTo(1);
    clock.advance(PAUSE.plusMillis(1));
    assertThat(knows("second")).isTrue();
    assertThat(knows("first")).isTrue();
    assertThat(issuer.looks).isEqualTo(2);
  }

  @Test
  void shouldForgetAKeyTheIssuerWithdrew() {
    knows("first");
    issuer.published = published(SECOND);
    clock.advance(REFRESH.plusMillis(1));

    assertThat(knows("first")).as("taken once more, while looked at again").isTrue();
    assertThat(knows("first")).isFalse();
  }

  @Test
  void shouldKeepItsKeysWhileTheIssuerIsAway() {
    knows("first");
    issuer.away = true;
    clock.advance(Duration.ofHours(3));

    assertThat(knows("first")).isTrue();
    assertThat(knows("first")).isTrue();
    assertThat(issuer.looks).isEqualTo(2);
    assertThatThrownBy(() -> knows("second")).hasCauseInstanceOf(Unavailable.class);

    issuer.away = false;
    issuer.published = published(SECOND);
    clock.advance(PAUSE.plusMillis(1));
    assertThat(knows("second")).isTrue();
  }

  @Test
  void shouldSayThatItCannotTellBeforeItEverSawTheKeys() {
    issuer.away = true;

    assertThatThrownBy(() -> knows("first")).hasCauseInstanceOf(Unavailable.class);
  }

  @Test
  void shouldLookOnceAtATimeHoweverManyWait() {
    issuer.slow = true;
    var one = keys.find(Optional.of("first"), JWSAlgorithm.RS256).toCompletableFuture();
    var other = keys.find(Optional.of("first"), JWSAlgorithm.RS256).toCompletableFuture();
    assertThat(one).isNotDone();

    issuer.waiting.get(0).complete(published(FIRST));

    assertThat(issuer.looks).isEqualTo(1);
    assertThat(one.join()).isPresent();
    assertThat(other.join()).isPresent();
  }

  @Test
  void shouldStayWithItsKeysWhenTheSetIsNone() {
    knows("first");
    issuer.published = "<html>maintenance</html>";
    clock.advance(REFRESH.plusMillis(1));

    assertThat(knows("first")).isTrue();
    assertThat(knows("first")).isTrue();
  }

  @Test
  void shouldPassOverKeysThatAreNotForItsSignatures() throws Exception {
    String weak =
        "{\"kty\":\"RSA\",\"kid\":\"weak\",\"e\":\"AQAB\",\"n\":\"%s\"}"
            .formatted("y".repeat(171)); // 1024 bits
    String symmetric = "{\"kty\":\"oct\",\"kid\":\"oct\",\"k\":\"%s\"}".formatted("A".repeat(60));
    String encryption =
        FIRST
            .toPublicJWK()
            .toJSONString()
            .replace("{", "{\"use\":\"enc\",")
            .replace("first", "enc");
    String other =
        FIRST
            .toPublicJWK()
            .toJSONString()
            .replace("{", "{\"alg\":\"PS256\",")
            .replace("first", "ps");
    issuer.published =
        "{\"keys\":[%s,%s,%s,%s,%s]}"
            .formatted(weak, symmetric, encryption, other, ecKey("ec").toPublicJWK());

    for (String id : List.of("weak", "oct", "enc", "ps")) {
      assertThat(knows(id)).as(id).isFalse();
    }
    assertThat(knows("ec")).as("for another algorithm").isFalse();
    assertThat(keys.find(Optional.of("ec"), JWSAlgorithm.ES256).toCompletableFuture().join())
        .isPresent();
  }
}
