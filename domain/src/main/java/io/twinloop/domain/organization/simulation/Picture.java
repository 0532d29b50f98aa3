package io.twinloop.domain.organization.simulation;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The organisation at one instant: its nodes, and the relations that two of them stand in. */
public final class Picture {

  /**
   * A relation between two nodes.
   *
   * @param counted false where a BELONGS_TO says that the person does not count in the unit
   */
  public record Link(String sourceId, RelationType type, String targetId, boolean counted) {
    public Link(String sourceId, RelationType type, String targetId) {
      this(sourceId, type, targetId, true);
    }
  }

  private record End(RelationType type, String id) {}

  private record Membership(String personId, String unitId) {}

  private final Map<String, NodeContent> nodes;

  private final Map<End, Set<String>> targets;

  private final Map<End, Set<String>> sources;

  private final Set<Membership> notCounted;

  private Picture(
      Map<String, NodeContent> nodes,
      Map<End, Set<String>> targets,
      Map<End, Set<String>> sources,
      Set<Membership> notCounted) {
    this.nodes = nodes;
    this.targets = targets;
    this.sources = sources;
    this.notCounted = notCounted;
  }

  /**
   * The picture of these nodes, by id. A relation of which one end is not there, or one to a KPI,
   * is left out.
   */
  public static Picture of(Map<String, NodeContent> nodes, Collection<Link> links) {
    Map<End, Set<String>> targets = new HashMap<>();
    Map<End, Set<String>> sources = new HashMap<>();
    Set<Membership> notCounted = new HashSet<>();
    for (Link link : links) {
      if (link.type() != RelationType.MEASURED_BY
          && nodes.containsKey(link.sourceId())
          && nodes.containsKey(link.targetId())) {
        targets
            .computeIfAbsent(new End(link.type(), link.sourceId()), end -> new TreeSet<>())
            .add(link.targetId());
        sources
            .computeIfAbsent(new End(link.type(), link.targetId()), end -> new TreeSet<>())
            .add(link.sourceId());
        if (!link.counted()) {
          notCounted.add(new Membership(link.sourceId(), link.targetId()));
        }
      }
    }
    return new Picture(new TreeMap<>(nodes), targets, sources, notCounted);
  }

  /** What a node says of itself. */
  public Optional<NodeContent> node(String id) {
    return Optional.ofNullable(nodes.get(id));
  }

  /** A node's type; absent where there is no such node. */
  public @Nullable NodeType typeOf(String id) {
    NodeContent node = nodes.get(id);
    return node == null ? null : node.type();
  }

  /** The ids of the nodes of a type, in order. */
  List<String> idsOf(NodeType type) {
    List<String> ids = new ArrayList<>();
    nodes.forEach(
        (id, content) -> {
          if (content.type() == type) {
            ids.add(id);
          }
        });
    return ids;
  }

  /** Where the relations of this type lead that go out from a node, in order of id. */
  public Set<String> targets(RelationType type, String sourceId) {
    return targets.getOrDefault(new End(type, sourceId), Set.of());
  }

  /** Where the relations of this type come from that lead to a node, in order of id. */
  public Set<String> sources(RelationType type, String targetId) {
    return sources.getOrDefault(new End(type, targetId), Set.of());
  }

  /** Whether a person counts in a unit he belongs to. */
  boolean counts(String personId, String unitId) {
    return !notCounted.contains(new Membership(personId, unitId));
  }

  /** The number in a property, absent where there is none. */
  @Nullable Double number(String id, String property) {
    NodeContent node = nodes.get(id);
    JsonNode value = node == null ? null : node.properties().get(property);
    return value == null || !value.isNumber() ? null : Double.valueOf(value.doubleValue());
  }

  /** The text in a property, absent where there is none. */
  @Nullable String text(String id, String property) {
    NodeContent node = nodes.get(id);
    JsonNode value = node == null ? null : node.properties().get(property);
    return value == null ? null : value.textValue();
  }

  /**
   * The way up from a unit over PART_OF to another node, both included; empty where none leads
   * there.
   */
  List<String> wayUp(String fromId, String toId) {
    Map<String, String> cameFrom = new LinkedHashMap<>();
    cameFrom.put(fromId, fromId);
    Deque<String> waiting = new ArrayDeque<>(List.of(fromId));
    while (!waiting.isEmpty() && !cameFrom.containsKey(toId)) {
      String id = waiting.remove();
      for (String above : targets(RelationType.PART_OF, id)) {
        if (cameFrom.putIfAbsent(above, id) == null) {
          waiting.add(above);
        }
      }
    }
    if (!cameFrom.containsKey(toId)) {
      return List.of();
    }
    List<String> way = new ArrayList<>(List.of(toId));
    for (String id = toId; !id.equals(fromId); id = cameFrom.get(id)) {
      way.add(cameFrom.get(id));
    }
    Collections.reverse(way);
    return way;
  }

  /** A copy that can be changed; this picture stays as it is. */
  Branch branch() {
    return new Branch(
        new Picture(new TreeMap<>(nodes), copy(targets), copy(sources), new HashSet<>(notCounted)));
  }

  private static Map<End, Set<String>> copy(Map<End, Set<String>> ends) {
    Map<End, Set<String>> copy = new HashMap<>();
    ends.forEach((end, ids) -> copy.put(end, new TreeSet<>(ids)));
    return copy;
  }

  // For branches alone

  void put(String id, NodeContent content) {
    nodes.put(id, content);
  }

  void link(String sourceId, RelationType type, String targetId) {
    targets.computeIfAbsent(new End(type, sourceId), end -> new TreeSet<>()).add(targetId);
    sources.computeIfAbsent(new End(type, targetId), end -> new TreeSet<>()).add(sourceId);
  }

  void unlink(String sourceId, RelationType type, String targetId) {
    targets.getOrDefault(new End(type, sourceId), new TreeSet<>()).remove(targetId);
    sources.getOrDefault(new End(type, targetId), new TreeSet<>()).remove(sourceId);
  }

  /** Somebody belongs to another unit than before, and counts there as he did. */
  void belong(String personId, String fromId, String toId) {
    unlink(personId, RelationType.BELONGS_TO, fromId);
    link(personId, RelationType.BELONGS_TO, toId);
    if (notCounted.remove(new Membership(personId, fromId))) {
      notCounted.add(new Membership(personId, toId));
    }
  }

  void remove(String id) {
    nodes.remove(id);
    for (RelationType type : RelationType.values()) {
      List.copyOf(targets(type, id)).forEach(target -> unlink(id, type, target));
      List.copyOf(sources(type, id)).forEach(source -> unlink(source, type, id));
    }
  }
}
