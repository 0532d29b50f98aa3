package io.twinloop.domain.organization;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What an import knows of a hierarchy, PART_OF or REPORTS_TO: for some nodes everything directly
 * above them. It tells whether a relation more would lead in a circle, or which nodes must be asked
 * before it can tell.
 */
public final class KnownHierarchy {

  private final Map<String, Set<String>> above = new HashMap<>();

  /** How many nodes it knows. */
  public int size() {
    return above.size();
  }

  public boolean knows(String id) {
    return above.containsKey(id);
  }

  /** Takes down what is directly above a node: all of it. */
  public void learn(String id, Collection<String> directlyAbove) {
    above.put(id, new LinkedHashSet<>(directlyAbove));
  }

  /** Whether the relation is known to hold. */
  public boolean holds(String id, String aboveIt) {
    return above.getOrDefault(id, Set.of()).contains(aboveIt);
  }

  /** A relation more; of a node that is not known nothing is kept. */
  public void add(String id, String aboveIt) {
    if (above.containsKey(id)) {
      above.get(id).add(aboveIt);
    }
  }

  /** Forgets everything. */
  public void forget() {
    above.clear();
  }

  /** The nodes on the ways up from these of which it is not known what is above them. */
  public Set<String> unknownAbove(Collection<String> ids) {
    Set<String> unknown = new LinkedHashSet<>();
    Set<String> seen = new HashSet<>(ids);
    Deque<String> open = new ArrayDeque<>(seen);
    while (!open.isEmpty()) {
      String id = open.removeFirst();
      Set<String> next = above.get(id);
      if (next == null) {
        unknown.add(id);
      } else {
        next.stream().filter(seen::add).forEach(open::add);
      }
    }
    return unknown;
  }

  /**
   * The circle that a relation from {@code id} to {@code aboveIt} would close: from {@code id} up
   * to itself. Empty where it would close none among what is known.
   */
  public Optional<List<String>> circle(String id, String aboveIt) {
    Map<String, String> cameFrom = new LinkedHashMap<>();
    cameFrom.put(aboveIt, id);
    Deque<String> open = new ArrayDeque<>(List.of(aboveIt));
    while (!open.isEmpty()) {
      String at = open.removeFirst();
      if (at.equals(id)) {
        return Optional.of(wayTo(id, cameFrom));
      }
      for (String next : above.getOrDefault(at, Set.of())) {
        if (cameFrom.putIfAbsent(next, at) == null) {
          open.add(next);
        }
      }
    }
    return Optional.empty();
  }

  private static List<String> wayTo(String id, Map<String, String> cameFrom) {
    Deque<String> way = new ArrayDeque<>(List.of(id));
    do {
      way.addFirst(cameFrom.get(way.getFirst()));
    } while (!way.getFirst().equals(id));
    return new ArrayList<>(way);
  }
}
