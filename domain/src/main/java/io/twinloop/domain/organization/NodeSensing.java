package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds what there is to worry about in a node, and what there no longer is.
 *
 * <p>A value is judged only where both it and its limit are known: a vendor without {@code
 * threshold}, a unit without {@code headcount_min} or {@code budget}, a process without {@code
 * sla_days} raise nothing. What is raised stays open, whatever its values do meanwhile, until they
 * are back within their limit, or there is no limit any more. Only a deadline is raised again, at
 * each reminder.
 */
public final class NodeSensing {

  /** What became of one concern. */
  public sealed interface Finding permits Raised, Renewed, Settled {}

  /** There is a concern that was not there before. */
  public record Raised(Concern concern) implements Finding {}

  /** An open concern has to be told again. */
  public record Renewed(OpenConcern open, Concern concern) implements Finding {}

  /**
   * A concern is over.
   *
   * @param value that is back within its limit, absent where none was measured
   */
  public record Settled(OpenConcern open, @Nullable Double value) implements Finding {}

  private NodeSensing() {}

  /**
   * What a node's content means for its concerns.
   *
   * @param open those that are open
   * @param before the content until now, absent for a new node
   * @param after the content from now on
   */
  public static List<Finding> sense(
      List<OpenConcern> open, @Nullable NodeContent before, NodeContent after, Instant now) {
    List<Concern> concerns = concernsOf(before, after, now);
    List<Finding> findings = new ArrayList<>();
    for (OpenConcern known : open) {
      Optional<Concern> same = concerns.stream().filter(known.concern()::isSameKindAs).findFirst();
      if (same.isEmpty() || isAnother(known.concern(), same.get())) {
        findings.add(new Settled(known, valueOf(known.concern(), after)));
        same.ifPresent(other -> findings.add(new Raised(other)));
      } else if (isNextReminder(known.concern(), same.get())) {
        findings.add(new Renewed(known, same.get()));
      }
    }
    concerns.stream()
        .filter(concern -> open.stream().noneMatch(o -> o.concern().isSameKindAs(concern)))
        .forEach(concern -> findings.add(new Raised(concern)));
    return findings;
  }

  /** A deadline that was moved to later, though not far enough to be out of sight. */
  private static boolean isAnother(Concern known, Concern now) {
    return known instanceof Concern.DeadlineNear before
        && now instanceof Concern.DeadlineNear after
        && after.deadline().isAfter(before.deadline())
        && after.stageDays() > before.stageDays();
  }

  private static boolean isNextReminder(Concern known, Concern now) {
    return known instanceof Concern.DeadlineNear before
        && now instanceof Concern.DeadlineNear after
        && after.stageDays() < before.stageDays();
  }

  private static List<Concern> concernsOf(
      @Nullable NodeContent before, NodeContent after, Instant now) {
    ObjectNode properties = after.properties().toJson();
    return switch (after.type()) {
      case PROCESS -> process(properties);
      case ORGANIZATION_UNIT -> unit(properties);
      case ROLE -> role(properties);
      case VENDOR -> vendor(before, properties);
      case COMPLIANCE_OBLIGATION -> obligation(after, now);
      default -> List.of();
    };
  }

  private static List<Concern> process(ObjectNode properties) {
    Double actual = number(properties, "avg_duration_days");
    Double allowed = number(properties, "sla_days");
    return actual != null && allowed != null && actual > allowed
        ? List.of(new Concern.SlaExceeded(actual, allowed))
        : List.of();
  }

  private static List<Concern> unit(ObjectNode properties) {
    List<Concern> concerns = new ArrayList<>();
    Double headcount = number(properties, "headcount");
    Double minimum = number(properties, "headcount_min");
    if (headcount != null && minimum != null && headcount < minimum) {
      concerns.add(new Concern.Understaffed(headcount.longValue(), minimum.longValue(), null));
    }
    Double forecast = number(properties, "forecast_eur");
    Double budget = number(properties, "budget");
    if (forecast != null && budget != null && forecast > budget) {
      concerns.add(new Concern.BudgetOverrun(forecast, budget, text(properties, "forecast_date")));
    }
    return concerns;
  }

  private static List<Concern> role(ObjectNode properties) {
    return properties.path("vacant").asBoolean(false)
        ? List.of(new Concern.RoleVacant(text(properties, "vacant_unit_id")))
        : List.of();
  }

  private static List<Concern> vendor(@Nullable NodeContent before, ObjectNode properties) {
    Double score = number(properties, "score");
    Double threshold = number(properties, "threshold");
    if (score == null || threshold == null || score >= threshold) {
      return List.of();
    }
    Double previous = before == null ? null : number(before.properties().toJson(), "score");
    return List.of(new Concern.VendorAtRisk(score, previous, threshold));
  }

  private static List<Concern> obligation(NodeContent content, Instant now) {
    return ComplianceDeadline.of(content)
        .flatMap(
            deadline ->
                deadline
                    .stage(now)
                    .<Concern>map(
                        days ->
                            new Concern.DeadlineNear(deadline.at(), days, deadline.daysLeft(now))))
        .map(List::of)
        .orElse(List.of());
  }

  /** The value that a kind of concern looks at. */
  private static @Nullable Double valueOf(Concern concern, NodeContent content) {
    ObjectNode properties = content.properties().toJson();
    if (concern instanceof Concern.SlaExceeded) {
      return number(properties, "avg_duration_days");
    } else if (concern instanceof Concern.Understaffed) {
      return number(properties, "headcount");
    } else if (concern instanceof Concern.VendorAtRisk) {
      return number(properties, "score");
    } else if (concern instanceof Concern.BudgetOverrun) {
      return number(properties, "forecast_eur");
    }
    return null;
  }

  private static @Nullable Double number(ObjectNode properties, String name) {
    JsonNode value = properties.path(name);
    return value.isNumber() ? value.doubleValue() : null;
  }

  private static @Nullable String text(ObjectNode properties, String name) {
    JsonNode value = properties.path(name);
    return value.isTextual() ? value.textValue() : null;
  }
}
