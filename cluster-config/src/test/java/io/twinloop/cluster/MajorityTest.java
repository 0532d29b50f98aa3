package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MajorityTest {

  private static final List<String> THREE = List.of("a", "b", "c");
  private static final List<String> FOUR = List.of("a", "b", "c", "d");

  @Test
  void shouldBeEnoughAloneWhereThereIsNobodyElse() {
    assertThat(Majority.since(List.of("a"), Map.of("a", 5L))).hasValue(5);
  }

  @Test
  void shouldHoldSinceTheOlderOfTwoOfThree() {
    assertThat(Majority.since(THREE, Map.of("a", 9L, "c", 4L))).hasValue(4);
  }

  @Test
  void shouldHoldSinceTheNewestTwoOfThree() {
    assertThat(Majority.since(THREE, Map.of("a", 9L, "b", 7L, "c", 4L))).hasValue(7);
  }

  @Test
  void shouldNotHoldWithOneOfThree() {
    assertThat(Majority.since(THREE, Map.of("a", 9L))).isEmpty();
  }

  @Test
  void shouldHoldForTheHalfWithTheLowestAddress() {
    assertThat(Majority.since(List.of("a", "b"), Map.of("a", 9L))).hasValue(9);
    assertThat(Majority.since(FOUR, Map.of("a", 3L, "d", 8L))).hasValue(3);
  }

  @Test
  void shouldNotHoldForTheOtherHalf() {
    assertThat(Majority.since(List.of("a", "b"), Map.of("b", 9L))).isEmpty();
    assertThat(Majority.since(FOUR, Map.of("b", 3L, "d", 8L))).isEmpty();
  }

  @Test
  void shouldTakeTheLaterOfHalfAndMoreThanHalf() {
    assertThat(Majority.since(FOUR, Map.of("a", 9L, "b", 8L, "c", 2L))).hasValue(8);
    assertThat(Majority.since(FOUR, Map.of("a", 1L, "b", 9L, "c", 8L, "d", 7L))).hasValue(7);
  }

  @Test
  void shouldNotCountWhoIsNoMember() {
    assertThat(Majority.since(THREE, Map.of("a", 9L, "gone", 9L))).isEmpty();
    assertThat(Majority.since(List.of(), Map.of("a", 9L))).isEmpty();
  }
}
