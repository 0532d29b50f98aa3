package io.twinloop.domain.organization;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A relation that holds, as its source node keeps it.
 *
 * @param targetId the node or KPI it goes to
 * @param validFrom since when it holds; kept to the microsecond, from 1900 to 2199
 */
public record Relation(
    RelationType type,
    String targetId,
    NodeType targetType,
    NodeProperties properties,
    Instant validFrom) {

  private static final Instant EARLIEST = Instant.parse("1900-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

  public Relation {
    if (!isTime(validFrom)) {
      throw new IllegalArgumentException(
          "validFrom is " + validFrom + ", expected a time from 1900 to 2199");
    }
    validFrom = validFrom.truncatedTo(ChronoUnit.MICROS);
  }

  /** Whether a relation may begin or end then. */
  public static boolean isTime(Instant instant) {
    return !instant.isBefore(EARLIEST) && instant.isBefore(LATEST);
  }

  /** Whether it is this type of relation to this target. */
  public boolean is(RelationType type, String targetId) {
    return this.type == type && this.targetId.equals(targetId);
  }
}
