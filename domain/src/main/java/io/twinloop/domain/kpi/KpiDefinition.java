package io.twinloop.domain.kpi;

import org.jspecify.annotations.Nullable;

/**
 * What a KPI is: its meaning, its owner and the rule that watches it.
 *
 * @param name for people; not blank, at most 200 characters
 * @param unit of the values, such as {@code EUR} or {@code 1/h}; not blank, at most 40 characters
 * @param ownerNodeId the organisation node that answers for it
 * @param polarity which way is good; {@code higher_better} unless said
 * @param target the value wished for, in {@code unit}
 * @param warningThreshold where the value begins to worry, in {@code unit}
 * @param criticalThreshold where it must not stay, in {@code unit}
 * @param formula over other KPIs; kept, not yet computed
 * @param updateFrequency how often a sample is expected, ISO 8601 duration; kept for readers
 * @param detector the rule that opens episodes
 */
public record KpiDefinition(
    String name,
    String unit,
    @Nullable String ownerNodeId,
    Polarity polarity,
    @Nullable Double target,
    @Nullable Double warningThreshold,
    @Nullable Double criticalThreshold,
    @Nullable String formula,
    @Nullable String updateFrequency,
    DetectorSpec detector) {

  public KpiDefinition {
    requireText("name", name, 200);
    requireText("unit", unit, 40);
    requireFinite("target", target);
    requireFinite("warningThreshold", warningThreshold);
    requireFinite("criticalThreshold", criticalThreshold);
    polarity = polarity == null ? Polarity.HIGHER_BETTER : polarity;
    detector = detector == null ? DetectorSpec.DEFAULT : detector;
  }

  private static void requireText(String field, String value, int longest) {
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(field + " is missing or blank");
    }
    if (value.length() > longest) {
      throw new IllegalArgumentException(
          field + " has " + value.length() + " characters, at most " + longest + " are kept");
    }
  }

  private static void requireFinite(String field, @Nullable Double value) {
    if (value != null && !Double.isFinite(value)) {
      throw new IllegalArgumentException(field + " is " + value + ", expected a finite number");
    }
  }
}
