package io.twinloop.domain.organization;

import static io.twinloop.domain.organization.NodeType.IT_SYSTEM;
import static io.twinloop.domain.organization.NodeType.KPI;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION_UNIT;
import static io.twinloop.domain.organization.NodeType.PERSON;
import static io.twinloop.domain.organization.NodeType.PROCESS;
import static io.twinloop.domain.organization.NodeType.ROLE;
import static io.twinloop.domain.organization.NodeType.VENDOR;

import com.fasterxml.jackson.annotation.JsonCreator;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How two nodes may stand to each other, from the first to the second. */
public enum RelationType {
  BELONGS_TO(new Ends(PERSON, ORGANIZATION_UNIT)),
  REPORTS_TO(new Ends(PERSON, PERSON)),
  MANAGES(new Ends(PERSON, ORGANIZATION_UNIT)),
  HAS_ROLE(new Ends(PERSON, ROLE)),
  PART_OF(
      new Ends(ORGANIZATION_UNIT, ORGANIZATION_UNIT), new Ends(ORGANIZATION_UNIT, ORGANIZATION)),
  OWNS_PROCESS(new Ends(ORGANIZATION_UNIT, PROCESS)),
  EXECUTES_PROCESS(new Ends(PERSON, PROCESS)),
  DEPENDS_ON(new Ends(PROCESS, PROCESS)),
  MEASURED_BY(new Ends(PROCESS, KPI), new Ends(ORGANIZATION_UNIT, KPI)),
  USES_SYSTEM(new Ends(PROCESS, IT_SYSTEM)),
  SUPPORTED_BY(new Ends(ORGANIZATION_UNIT, IT_SYSTEM)),
  SUPPLIED_BY(new Ends(PROCESS, VENDOR));

  /** What a relation goes from and to. */
  public record Ends(NodeType from, NodeType to) {
    @Override
    public String toString() {
      return from.wireName() + " to " + to.wireName();
    }
  }

  @SuppressWarnings("ImmutableEnumChecker") // List.of cannot be changed
  private final List<Ends> allowed;

  RelationType(Ends... allowed) {
    this.allowed = List.of(allowed);
  }

  /** The ends it may have. */
  public List<Ends> allowedEnds() {
    return allowed;
  }

  /** Whether it leads upwards: who follows it must never come back to where he began. */
  public boolean isHierarchy() {
    return this == PART_OF || this == REPORTS_TO;
  }

  /**
   * Why these two must not stand in this relation, as a sentence that names both; empty where they
   * may.
   */
  public Optional<String> refusal(
      String sourceId, NodeType sourceType, String targetId, NodeType targetType) {
    if (!allowed.contains(new Ends(sourceType, targetType))) {
      return Optional.of(
          "%s goes from %s, but '%s' is a %s and '%s' a %s."
              .formatted(
                  this,
                  allowed.stream().map(Ends::toString).collect(Collectors.joining(" or ")),
                  sourceId,
                  sourceType.wireName(),
                  targetId,
                  targetType.wireName()));
    }
    if (targetType.isNode() && sourceId.equals(targetId)) {
      return Optional.of(
          "%s goes from one node to another, but both ends are '%s'.".formatted(this, sourceId));
    }
    return Optional.empty();
  }

  /**
   * Reads a relation's name.
   *
   * @throws IllegalArgumentException for a name no relation has
   */
  @JsonCreator
  public static RelationType of(@Nullable String text) {
    for (RelationType type : values()) {
      if (type.name().equals(text)) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "relation is '"
            + text
            + "', expected one of "
            + Arrays.stream(values()).map(RelationType::name).collect(Collectors.joining(", ")));
  }
}
