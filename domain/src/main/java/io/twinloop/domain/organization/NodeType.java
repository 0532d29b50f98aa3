package io.twinloop.domain.organization;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a node of the organisation is. */
public enum NodeType {
  ORGANIZATION("Organization"),
  ORGANIZATION_UNIT("OrganizationUnit"),
  PERSON("Person"),
  ROLE("Role"),
  PROCESS("Process"),
  VENDOR("Vendor"),
  COMPLIANCE_OBLIGATION("ComplianceObligation"),
  IT_SYSTEM("ITSystem"),
  RESOURCE("Resource"),
  /** The end of a relation only: a KPI is an entity of its own. */
  KPI("KPI");

  private final String wireName;

  NodeType(String wireName) {
    this.wireName = wireName;
  }

  /** As it stands in resources, events and files. */
  @JsonValue
  public String wireName() {
    return wireName;
  }

  /** Whether a node can have this type; else it is the end of a relation only. */
  public boolean isNode() {
    return this != KPI;
  }

  /**
   * Reads a wire name.
   *
   * @throws IllegalArgumentException for a name no type has
   */
  @JsonCreator
  public static NodeType of(@Nullable String text) {
    for (NodeType type : values()) {
      if (type.wireName.equals(text)) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "type is '" + text + "', expected one of " + nodeTypeNames());
  }

  /** The names a node's type may have, for sentences. */
  static String nodeTypeNames() {
    return Arrays.stream(values())
        .filter(NodeType::isNode)
        .map(NodeType::wireName)
        .collect(Collectors.joining(", "));
  }
}
