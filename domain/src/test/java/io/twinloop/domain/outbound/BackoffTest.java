package io.twinloop.domain.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackoffTest {

  private static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(2), Duration.ofSeconds(60));

  @ParameterizedTest
  @CsvSource({
    "1, 0, 2000",
    "1, 0.5, 1500",
    "2, 0, 4000",
    "5, 0, 32000",
    "6, 0, 60000",
    "1000, 0, 60000",
    "1000, 0.999, 30030"
  })
  void shouldDoubleFromTryToTryUpToTheLongest(int attempt, double random, long millis) {
    assertThat(BACKOFF.after(attempt, random)).isEqualTo(Duration.ofMillis(millis));
  }

  @Test
  void shouldRefuseALongestPauseThatIsShorterThanTheFirst() {
    assertThatThrownBy(() -> new Backoff(Duration.ofSeconds(2), Duration.ofSeconds(1)))
        .hasMessageContaining("PT2S and PT1S");
  }
}
