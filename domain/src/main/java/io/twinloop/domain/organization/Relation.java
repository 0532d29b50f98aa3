package io.twinloop.domain.organization;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

  /**
   * A relation that is to hold.
   *
   * @param targetType as the target itself says
   * @param validFrom since when; absent means now, or for one that holds: unchanged
   */
  public record Wanted(
      RelationType type,
      String targetId,
      NodeType targetType,
      NodeProperties properties,
      @Nullable Instant validFrom) {

    /** Why it can't go out from this node, as a sentence; empty where it can. */
    public Optional<String> refusal(String sourceId, NodeType sourceType) {
      Optional<String> wrongEnds = type.refusal(sourceId, sourceType, targetId, targetType);
      if (wrongEnds.isPresent()) {
        return wrongEnds;
      }
      List<Problem> problems = KnownProperties.problems(type, properties);
      if (!problems.isEmpty()) {
        return Optional.of(Problem.sentence(problems));
      }
      return validFrom == null || isTime(validFrom)
          ? Optional.empty()
          : Optional.of("validFrom is %s, expected a time from 1900 to 2199.".formatted(validFrom));
    }

    /** The relation it becomes, where this one holds until now. */
    public Relation relation(Optional<Relation> before, Instant now) {
      Instant since = validFrom != null ? validFrom : before.map(Relation::validFrom).orElse(now);
      return new Relation(type, targetId, targetType, properties, since);
    }
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
