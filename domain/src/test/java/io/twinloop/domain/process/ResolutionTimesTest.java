package io.twinloop.domain.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** How long it took to bring a process back within its service level. */
class ResolutionTimesTest {

  @Test
  void shouldTakeTheMeanToTwoDecimals() {
    assertThat(new ResolutionTimes(List.of(1.0, 2.0, 2.0)).meanDays()).isEqualTo(1.67);
  }

  @Test
  void shouldSayHowManyAreWithinTheServiceLevel() {
    ResolutionTimes times = new ResolutionTimes(List.of(1.0, 5.0, 5.1));

    assertThat(times.compliancePercent(5.0)).isEqualTo(66.7);
    assertThat(times.compliancePercent(null)).isNull();
  }

  @Test
  void shouldRefuseNoTimeAtAll() {
    assertThatThrownBy(() -> new ResolutionTimes(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected at least one");
  }
}
