package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.organization.Rollup.Member;
import io.twinloop.domain.organization.Rollup.Unit;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RollupTest {

  @Test
  void shouldAddPersonsToTheStaffThatStandsAsNumbers() {
    Rollup rollup =
        Rollup.of(
            List.of(unit("it", null, "10.5", "500000"), unit("hr", null, null, null)),
            List.of(member("ada", "it", "0.8", "90000"), member("bob", "hr", null, null)));

    assertThat(rollup)
        .isEqualTo(new Rollup(2, 2, 2, new BigDecimal("12.3"), new BigDecimal("590000"), 0));
  }

  @Test
  void shouldCountPersonsAndHeadcountOfAUnitOnce() {
    List<Member> two = List.of(member("ada", "it", null, null), member("bob", "it", null, null));

    assertThat(Rollup.of(List.of(unit("it", "12", null, null)), two).headcount()).isEqualTo(12);
    assertThat(Rollup.of(List.of(unit("it", "1", null, null)), two).headcount()).isEqualTo(2);
    assertThat(Rollup.of(List.of(unit("it", null, null, null)), two).headcount()).isEqualTo(2);
  }

  @Test
  void shouldCountAPersonOfTwoUnitsOnce() {
    Rollup rollup =
        Rollup.of(
            List.of(unit("it", null, null, null), unit("hr", null, null, null)),
            List.of(member("ada", "it", "1", "5"), member("ada", "hr", "1", "5")));

    assertThat(rollup).isEqualTo(new Rollup(2, 1, 1, BigDecimal.ONE, new BigDecimal("5"), 0));
  }

  @Test
  void shouldLeaveOutWhoDoesNotCount() {
    Rollup rollup =
        Rollup.of(
            List.of(unit("board", null, null, null)),
            List.of(new Member("eve", "board", false, BigDecimal.ONE, BigDecimal.TEN)));

    assertThat(rollup).isEqualTo(new Rollup(1, 1, 0, BigDecimal.ZERO, BigDecimal.ZERO, 1));
  }

  @Test
  void shouldNotAddUpErrorsOfHalves() {
    List<Unit> units =
        java.util.stream.IntStream.range(0, 1_000)
            .mapToObj(i -> unit("u" + i, null, "0.1", null))
            .toList();

    assertThat(Rollup.of(units, List.of()).fte()).isEqualTo(new BigDecimal("100"));
  }

  private static Unit unit(
      String id, @Nullable String headcount, @Nullable String fte, @Nullable String cost) {
    return new Unit(id, number(headcount), number(fte), number(cost));
  }

  private static Member member(
      String personId, String unitId, @Nullable String fte, @Nullable String cost) {
    return new Member(personId, unitId, true, number(fte), number(cost));
  }

  private static @Nullable BigDecimal number(@Nullable String text) {
    return text == null ? null : new BigDecimal(text);
  }
}
