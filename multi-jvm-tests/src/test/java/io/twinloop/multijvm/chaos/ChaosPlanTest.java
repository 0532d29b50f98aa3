package io.twinloop.multijvm.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ChaosPlanTest {

  private static final List<Fault> ALL = List.of(Fault.values());

  @Test
  void shouldBeTheSameForTheSameSeed() {
    assertThat(steps(7)).isEqualTo(steps(7)).isNotEqualTo(steps(8));
  }

  @Test
  void shouldChooseEveryFaultAndEveryNodeSoonerOrLater() {
    assertThat(steps(1)).extracting(ChaosPlan.Step::fault).contains(Fault.values());
    assertThat(steps(1)).extracting(ChaosPlan.Step::victim).contains(0, 1, 2);
  }

  @Test
  void shouldRefuseToChooseFromNothing() {
    assertThatThrownBy(() -> new ChaosPlan(1, List.of(), 3))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldSayWhatIsWrongWithAnOrder() {
    assertThatThrownBy(() -> ChaosMain.Order.of(new String[] {"--minutes", "0"}))
        .hasMessageContaining("--minutes is '0'");
    assertThatThrownBy(() -> ChaosMain.Order.of(new String[] {"--faults", "KILL,METEOR"}))
        .hasMessageContaining("METEOR");
    assertThatThrownBy(() -> ChaosMain.Order.of(new String[] {"--seed"}))
        .hasMessageContaining("needs a value");
  }

  private static List<ChaosPlan.Step> steps(long seed) {
    ChaosPlan plan = new ChaosPlan(seed, ALL, 3);
    return Stream.generate(plan::next).limit(500).toList();
  }
}
