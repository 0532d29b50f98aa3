package io.twinloop.domain.organization;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.twinloop.domain.process.SlaBreach;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Something about a node that somebody has to see to, with the values that say so. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Concern.SlaExceeded.class, name = "sla-exceeded"),
  @JsonSubTypes.Type(value = Concern.Understaffed.class, name = "understaffed"),
  @JsonSubTypes.Type(value = Concern.RoleVacant.class, name = "role-vacant"),
  @JsonSubTypes.Type(value = Concern.VendorAtRisk.class, name = "vendor-at-risk"),
  @JsonSubTypes.Type(value = Concern.BudgetOverrun.class, name = "budget-overrun"),
  @JsonSubTypes.Type(value = Concern.DeadlineNear.class, name = "deadline-near")
})
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface Concern {

  /** Whether the two are about the same thing. A node has at most one open concern of a kind. */
  default boolean isSameKindAs(Concern other) {
    return getClass() == other.getClass();
  }

  /**
   * A process takes longer than its service level allows.
   *
   * @param actualDays its mean duration, in days of 24 hours
   * @param slaDays how long it may take, in days of 24 hours
   */
  record SlaExceeded(double actualDays, double slaDays) implements Concern {
    /** The same, as cases of processes share it. */
    public SlaBreach breach() {
      return new SlaBreach(actualDays, slaDays);
    }
  }

  /**
   * A unit has fewer people than it needs.
   *
   * @param roleId of the one who left last, where that brought it about
   */
  record Understaffed(long headcount, long minimum, @Nullable String roleId) implements Concern {
    /** The same, brought about by one who left this role. */
    public Understaffed after(@Nullable String leftRoleId) {
      return new Understaffed(headcount, minimum, leftRoleId);
    }
  }

  /**
   * A role has no holder any more.
   *
   * @param unitId where it is to be filled, where that is known
   */
  record RoleVacant(@Nullable String unitId) implements Concern {}

  /**
   * A vendor's score is under its threshold.
   *
   * @param score from 0 to 100, higher is better
   * @param previousScore before it changed, absent where none was known
   */
  record VendorAtRisk(double score, @Nullable Double previousScore, double threshold)
      implements Concern {}

  /**
   * A unit will have spent more than its budget by the end of the year.
   *
   * @param forecastDate when the forecast was made, absent where its author did not say
   */
  record BudgetOverrun(double forecastEur, double budgetEur, @Nullable String forecastDate)
      implements Concern {
    /** By how much of the budget it goes over, in percent to one decimal; infinite of nothing. */
    public double overrunPercent() {
      return budgetEur == 0
          ? Double.POSITIVE_INFINITY
          : Math.rint((forecastEur - budgetEur) / budgetEur * 1000) / 10;
    }
  }

  /**
   * An obligation has to be fulfilled soon.
   *
   * @param deadline when
   * @param stageDays the reminder it has come to, see {@link ComplianceDeadline#STAGES}
   * @param daysLeft when it came to it, rounded up; 0 and less when the deadline has passed
   */
  record DeadlineNear(Instant deadline, int stageDays, long daysLeft) implements Concern {}
}
