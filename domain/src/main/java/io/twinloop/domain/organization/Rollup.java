package io.twinloop.domain.organization;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The people, full-time equivalents and yearly cost of a part of the organisation.
 *
 * <p>A unit speaks of itself, without the units below it. Its {@code fte} and {@code cost} are
 * those of staff who do not stand in the twin as persons, so the persons' come on top. Its {@code
 * headcount} is everybody in it: it counts where it is larger than the number of persons who belong
 * to the unit. A person counts once, wherever in the part he belongs, with an fte of 1 unless he
 * says another; not at all where BELONGS_TO says {@code counted: false}.
 *
 * @param units in the part, the root included where it is one
 * @param persons who belong to them, whether they count or not
 * @param headcount people
 * @param fte full-time equivalents
 * @param cost a year, in the currency of the properties
 * @param notCounted persons who belong to the part and do not count
 */
public record Rollup(
    int units, int persons, long headcount, BigDecimal fte, BigDecimal cost, int notCounted) {

  /** What a unit says of itself. */
  public record Unit(
      String id,
      @Nullable BigDecimal headcount,
      @Nullable BigDecimal fte,
      @Nullable BigDecimal cost) {}

  /** That a person belongs to a unit; one who belongs to two stands here twice. */
  public record Member(
      String personId,
      String unitId,
      boolean counted,
      @Nullable BigDecimal fte,
      @Nullable BigDecimal cost) {}

  /** Sums up. */
  public static Rollup of(List<Unit> units, List<Member> members) {
    Set<String> persons = new HashSet<>();
    Set<String> counted = new HashSet<>();
    Map<String, Long> perUnit = new HashMap<>();
    BigDecimal fte = BigDecimal.ZERO;
    BigDecimal cost = BigDecimal.ZERO;
    for (Member member : members) {
      persons.add(member.personId());
      if (member.counted() && counted.add(member.personId())) {
        perUnit.merge(member.unitId(), 1L, Long::sum);
        fte = fte.add(member.fte() == null ? BigDecimal.ONE : member.fte());
        cost = cost.add(orZero(member.cost()));
      }
    }
    long headcount = 0;
    Set<String> seen = new HashSet<>();
    for (Unit unit : units) {
      if (seen.add(unit.id())) {
        long modelled = perUnit.getOrDefault(unit.id(), 0L);
        headcount += Math.max(modelled, orZero(unit.headcount()).longValue());
        fte = fte.add(orZero(unit.fte()));
        cost = cost.add(orZero(unit.cost()));
      }
    }
    return new Rollup(
        seen.size(),
        persons.size(),
        headcount,
        plain(fte),
        plain(cost),
        persons.size() - counted.size());
  }

  private static BigDecimal orZero(@Nullable BigDecimal value) {
    return value == null ? BigDecimal.ZERO : value;
  }

  private static BigDecimal plain(BigDecimal value) {
    BigDecimal stripped = value.stripTrailingZeros();
    return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
  }
}
