package io.twinloop.domain.organization.simulation;

import static io.twinloop.domain.organization.RelationType.BELONGS_TO;
import static io.twinloop.domain.organization.RelationType.DEPENDS_ON;
import static io.twinloop.domain.organization.RelationType.EXECUTES_PROCESS;
import static io.twinloop.domain.organization.RelationType.HAS_ROLE;
import static io.twinloop.domain.organization.RelationType.MANAGES;
import static io.twinloop.domain.organization.RelationType.OWNS_PROCESS;
import static io.twinloop.domain.organization.RelationType.PART_OF;
import static io.twinloop.domain.organization.RelationType.REPORTS_TO;
import static io.twinloop.domain.organization.RelationType.SUPPLIED_BY;

import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Whom and what changes reach: the nodes they name, and those that depend on them before or after.
 *
 * <p>A unit reaches its sub-units, its people, the processes it owns and its managers; a person the
 * processes he executes and who reports to him; a vendor the processes it supplies; a process those
 * that depend on it, its owners and who executes it. A person whom a change names reaches his roles
 * and his units besides. From there it goes on, save from owners, managers, executors, roles, units
 * and who reports: they have to know, but nothing changes for what hangs on them.
 *
 * @param nodes how many there are, those that are named included
 * @param byType how many of each type
 * @param named the nodes that the changes name, in order of id
 * @param dependent those that depend on them, nearest first; at most {@value #MOST}
 * @param complete whether {@code dependent} has them all
 */
public record BlastRadius(
    int nodes,
    SortedMap<String, Integer> byType,
    List<String> named,
    List<Dependent> dependent,
    boolean complete) {

  /** So many dependent nodes are listed; the others are counted. */
  public static final int MOST = 1_000;

  public BlastRadius {
    byType = Collections.unmodifiableSortedMap(new TreeMap<>(byType));
    named = List.copyOf(named);
    dependent = List.copyOf(dependent);
  }

  /**
   * A node that depends on another.
   *
   * @param relation by which it does
   * @param onId the node it depends on
   */
  public record Dependent(String id, String type, RelationType relation, String onId) {}

  /** A step from a node to what depends on it. */
  private record Way(RelationType relation, boolean backwards, boolean goesOn) {
    Set<String> from(Picture picture, String id) {
      return backwards ? picture.sources(relation, id) : picture.targets(relation, id);
    }
  }

  private static final Map<NodeType, List<Way>> WAYS =
      Map.of(
          NodeType.ORGANIZATION_UNIT,
          List.of(
              new Way(PART_OF, true, true),
              new Way(BELONGS_TO, true, true),
              new Way(OWNS_PROCESS, false, true),
              new Way(MANAGES, true, false)),
          NodeType.PERSON,
          List.of(new Way(EXECUTES_PROCESS, false, true), new Way(REPORTS_TO, true, false)),
          NodeType.VENDOR,
          List.of(new Way(SUPPLIED_BY, true, true)),
          NodeType.PROCESS,
          List.of(
              new Way(DEPENDS_ON, true, true),
              new Way(OWNS_PROCESS, true, false),
              new Way(EXECUTES_PROCESS, true, false)));

  private static final List<Way> OF_NAMED_PEOPLE =
      List.of(new Way(HAS_ROLE, false, false), new Way(BELONGS_TO, false, false));

  static BlastRadius of(Picture before, Picture after, Set<String> named) {
    return new Walk(before, after, named).walk();
  }

  private static final class Walk {
    private final List<Picture> pictures;
    private final Set<String> named;
    private final Map<String, Dependent> dependent = new LinkedHashMap<>();
    private final Set<String> passed = new HashSet<>();
    private final Deque<String> waiting = new ArrayDeque<>();

    Walk(Picture before, Picture after, Set<String> named) {
      this.pictures = List.of(before, after);
      this.named = new TreeSet<>(named);
    }

    BlastRadius walk() {
      for (String id : named) {
        passOn(id);
      }
      while (!waiting.isEmpty()) {
        String id = waiting.remove();
        WAYS.getOrDefault(typeOf(id), List.of()).forEach(way -> follow(way, id));
        if (named.contains(id) && typeOf(id) == NodeType.PERSON) {
          OF_NAMED_PEOPLE.forEach(way -> follow(way, id));
        }
      }
      SortedMap<String, Integer> byType = new TreeMap<>();
      named.forEach(id -> byType.merge(typeOf(id).wireName(), 1, Integer::sum));
      dependent.values().forEach(node -> byType.merge(node.type(), 1, Integer::sum));
      List<Dependent> listed = new ArrayList<>(dependent.values());
      return new BlastRadius(
          named.size() + dependent.size(),
          byType,
          List.copyOf(named),
          listed.subList(0, Math.min(MOST, listed.size())),
          listed.size() <= MOST);
    }

    private void follow(Way way, String id) {
      for (Picture picture : pictures) {
        for (String next : way.from(picture, id)) {
          if (!named.contains(next)) {
            dependent.putIfAbsent(
                next, new Dependent(next, typeOf(next).wireName(), way.relation(), id));
            if (way.goesOn()) {
              passOn(next);
            }
          }
        }
      }
    }

    private void passOn(String id) {
      if (passed.add(id)) {
        waiting.add(id);
      }
    }

    private NodeType typeOf(String id) {
      NodeType type = pictures.get(0).typeOf(id);
      return type != null ? type : pictures.get(1).typeOf(id);
    }
  }
}
