package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.ImportLine.Read;
import io.twinloop.domain.organization.ImportLine.Refused;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads statements of an import from the rows of a table.
 *
 * <p>Of nodes the columns are {@code id}, {@code label} and, where the kind leaves it open, {@code
 * type}; a column named like a relation holds the ids of its targets with {@code |} between them,
 * and of a unit {@code parent} is another name for {@code PART_OF}. Of relations they are {@code
 * source}, {@code target}, {@code validFrom} and, where the kind leaves it open, {@code relation}.
 * Every other column is a property; an empty cell is a property that is not there.
 */
public final class OrgTable {

  private static final Pattern BETWEEN_IDS = Pattern.compile("\\|");
  private static final Map<String, String> RELATION_COLUMNS =
      Map.of(
          "source",
          "source",
          "from",
          "source",
          "sourceid",
          "source",
          "target",
          "target",
          "to",
          "target",
          "targetid",
          "target",
          "relation",
          "relation",
          "validfrom",
          "validFrom");

  /**
   * What the rows of a table are.
   *
   * @param type of all nodes; absent where a column says it, or the rows are relations
   * @param relation of all rows; absent where a column says it, or the rows are nodes
   */
  public record Kind(boolean nodes, @Nullable NodeType type, @Nullable RelationType relation) {

    /**
     * Reads the name of a node type or a relation, or {@code node} or {@code relation} where a
     * column says which.
     *
     * @throws IllegalArgumentException for another name
     */
    public static Kind of(String name) {
      String plain = name.toLowerCase(Locale.ROOT);
      if (plain.equals("node") || plain.equals("nodes")) {
        return new Kind(true, null, null);
      }
      if (plain.equals("relation") || plain.equals("relations")) {
        return new Kind(false, null, null);
      }
      for (NodeType type : NodeType.values()) {
        if (type.isNode() && type.wireName().equalsIgnoreCase(name)) {
          return new Kind(true, type, null);
        }
      }
      for (RelationType relation : RelationType.values()) {
        if (relation.name().equalsIgnoreCase(name)) {
          return new Kind(false, null, relation);
        }
      }
      throw new IllegalArgumentException(
          "Expected kind to be node, relation, a type of node (%s) or a relation (%s), not '%s'."
              .formatted(
                  NodeType.nodeTypeNames(),
                  String.join(
                      ", ", Arrays.stream(RelationType.values()).map(RelationType::name).toList()),
                  name));
    }
  }

  private final Kind kind;
  private final ImportReader reader;
  private final List<String> columns;

  /**
   * @param header the first row
   * @param reader of the statements that the rows are
   * @throws IllegalArgumentException with a sentence, when a column is missing or stands twice
   */
  public OrgTable(Kind kind, List<String> header, ImportReader reader) {
    this.kind = kind;
    this.reader = reader;
    this.columns = header.stream().map(name -> column(kind, name.strip())).toList();
    Set<String> seen = new HashSet<>();
    for (String column : columns) {
      if (!column.isEmpty() && !seen.add(column)) {
        throw new IllegalArgumentException("The column '" + column + "' stands twice.");
      }
    }
    for (String needed : needed(kind)) {
      if (!seen.contains(needed)) {
        throw new IllegalArgumentException(
            "The table needs a column '%s'; its columns are %s."
                .formatted(needed, String.join(", ", header)));
      }
    }
  }

  private static List<String> needed(Kind kind) {
    if (kind.nodes()) {
      return kind.type() == null ? List.of("id", "type") : List.of("id");
    }
    return kind.relation() == null
        ? List.of("source", "relation", "target")
        : List.of("source", "target");
  }

  private static String column(Kind kind, String name) {
    String plain = name.toLowerCase(Locale.ROOT);
    if (kind.nodes()) {
      return switch (plain) {
        case "id", "label", "parent" -> plain;
        case "type" -> kind.type() == null ? plain : name;
        default -> name;
      };
    }
    return RELATION_COLUMNS.getOrDefault(plain, name);
  }

  /** The statements of one row: a node and its relations, or a relation. */
  public List<Read> read(List<String> row) {
    if (row.size() > columns.size()) {
      return List.of(
          new Refused(
              ImportFault.INVALID_FIELDS,
              "The row has %d cells, but the table has %d columns."
                  .formatted(row.size(), columns.size())));
    }
    Map<String, String> cells = new HashMap<>();
    for (int i = 0; i < row.size(); i++) {
      String cell = row.get(i).strip();
      if (!cell.isEmpty() && !columns.get(i).isEmpty()) {
        cells.put(columns.get(i), cell);
      }
    }
    return kind.nodes() ? node(cells) : List.of(relation(cells));
  }

  private List<Read> node(Map<String, String> cells) {
    String id = cells.remove("id");
    String label = cells.remove("label");
    String type = kind.type() == null ? cells.remove("type") : kind.type().wireName();
    NodeType known = nodeType(type);
    List<Read> reads = new ArrayList<>();
    if (known == NodeType.ORGANIZATION_UNIT && cells.containsKey("parent")) {
      cells.merge(
          RelationType.PART_OF.name(),
          cells.remove("parent"),
          (part, parent) -> part + "|" + parent);
    }
    for (RelationType relation : RelationType.values()) {
      String targets = cells.remove(relation.name());
      if (targets != null) {
        for (String target : BETWEEN_IDS.split(targets, -1)) {
          if (!target.isBlank()) {
            reads.add(relation(id, relation.name(), target.strip(), null, Map.of()));
          }
        }
      }
    }
    ObjectNode properties = JsonNodeFactory.instance.objectNode();
    cells.forEach(
        (name, text) ->
            properties.set(
                name,
                known == null
                    ? JsonNodeFactory.instance.textNode(text)
                    : KnownProperties.valueOf(known, name, text)));
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.putObject("node")
        .put("id", id)
        .put("type", type)
        .put("label", label)
        .set("properties", properties);
    reads.add(0, reader.read(json));
    return reads;
  }

  private static @Nullable NodeType nodeType(@Nullable String name) {
    return Arrays.stream(NodeType.values())
        .filter(type -> type.wireName().equals(name))
        .findFirst()
        .orElse(null);
  }

  private Read relation(Map<String, String> cells) {
    String source = cells.remove("source");
    String target = cells.remove("target");
    String relation = kind.relation() == null ? cells.remove("relation") : kind.relation().name();
    String validFrom = cells.remove("validFrom");
    return relation(source, relation, target, validFrom, cells);
  }

  private Read relation(
      @Nullable String source,
      @Nullable String relation,
      @Nullable String target,
      @Nullable String validFrom,
      Map<String, String> properties) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ObjectNode told =
        json.putObject("relation")
            .put("source", source)
            .put("relation", relation)
            .put("target", target)
            .put("validFrom", validFrom);
    ObjectNode values = told.putObject("properties");
    RelationType known =
        Arrays.stream(RelationType.values())
            .filter(type -> type.name().equals(relation))
            .findFirst()
            .orElse(null);
    properties.forEach(
        (name, text) ->
            values.set(
                name,
                known == null
                    ? JsonNodeFactory.instance.textNode(text)
                    : KnownProperties.valueOf(known, name, text)));
    return reader.read(json);
  }
}
