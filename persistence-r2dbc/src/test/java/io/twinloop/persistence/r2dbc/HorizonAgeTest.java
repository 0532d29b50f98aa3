package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.persistence.r2dbc.JournalReads.Horizon;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HorizonAgeTest {

  private final HorizonAge age = new HorizonAge();

  @Test
  void shouldBeZeroWhileNoTransactionIsOpen() {
    assertThat(observeAtSecond(1, new Horizon(700, 700))).isZero();
    assertThat(observeAtSecond(9, new Horizon(700, 700))).isZero();
  }

  @Test
  void shouldGrowWhileTheSameTransactionIsOpen() {
    assertThat(observeAtSecond(1, new Horizon(700, 701))).isZero();
    assertThat(observeAtSecond(2, new Horizon(700, 720))).hasSeconds(1);
    assertThat(observeAtSecond(9, new Horizon(700, 800))).hasSeconds(8);
  }

  @Test
  void shouldStartAgainWithTheNextOpenTransaction() {
    observeAtSecond(1, new Horizon(700, 701));
    observeAtSecond(5, new Horizon(700, 703));

    assertThat(observeAtSecond(6, new Horizon(702, 704))).isZero();
    assertThat(observeAtSecond(7, new Horizon(704, 704))).isZero();
    assertThat(observeAtSecond(8, new Horizon(704, 705))).isZero();
  }

  private Duration observeAtSecond(long second, Horizon horizon) {
    return age.observe(horizon, Duration.ofSeconds(second).toNanos());
  }
}
