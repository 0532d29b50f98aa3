package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

/**
 * When an obligation has to be fulfilled, and when it is to be reminded of: 30, 14, 7 and 1 days
 * before, in days of 24 hours.
 *
 * @param at the instant; of a deadline that is a date the beginning of that day, UTC
 */
public record ComplianceDeadline(Instant at) {

  /** Days before the deadline, in the order in which they come. */
  public static final List<Integer> STAGES = List.of(30, 14, 7, 1);

  private static final Duration DAY = Duration.ofDays(1);

  /**
   * The deadline of an obligation; empty where it has none, where it is {@code fulfilled}, and for
   * nodes of other types.
   */
  public static Optional<ComplianceDeadline> of(NodeContent content) {
    if (content.type() != NodeType.COMPLIANCE_OBLIGATION) {
      return Optional.empty();
    }
    var properties = content.properties().toJson();
    JsonNode deadline = properties.path("deadline");
    if (!deadline.isTextual() || properties.path("fulfilled").asBoolean(false)) {
      return Optional.empty();
    }
    String text = deadline.textValue();
    return Optional.of(
        new ComplianceDeadline(
            text.indexOf('T') < 0 && text.indexOf('t') < 0
                ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
                : OffsetDateTime.parse(text).toInstant()));
  }

  /** When a reminder is due. */
  public Instant dueAt(int stageDays) {
    return at.minus(DAY.multipliedBy(stageDays));
  }

  /** The last reminder that is due by now; empty when none is yet. */
  public Optional<Integer> stage(Instant now) {
    return STAGES.stream()
        .filter(days -> !now.isBefore(dueAt(days)))
        .reduce((earlier, later) -> later);
  }

  /** The days until then, a begun one counted whole; 0 and less when it has passed. */
  public long daysLeft(Instant now) {
    return -Math.floorDiv(Duration.between(at, now).toMillis(), DAY.toMillis());
  }
}
