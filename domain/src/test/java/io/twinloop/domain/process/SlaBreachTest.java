package io.twinloop.domain.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlaBreachTest {

  @Test
  void shouldBeCriticalWhenMoreThanHalfOfTheSlaIsExceeded() {
    SlaBreach breach = new SlaBreach(8.2, 5);
    assertThat(breach.delayDays()).isEqualTo(3.2);
    assertThat(breach.breachPercent()).isEqualTo(64.0);
    assertThat(breach.isCritical()).isTrue();
    assertThat(new SlaBreach(7.5, 5).isCritical()).isFalse();
  }

  @Test
  void shouldBeABreachOnlyBeyondTheSla() {
    assertThat(SlaBreach.is(5, 5)).isFalse();
    assertThat(SlaBreach.is(5.01, 5)).isTrue();
  }
}
