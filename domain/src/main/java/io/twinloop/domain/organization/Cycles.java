package io.twinloop.domain.organization;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Finds circular dependencies: the strongly connected components of a graph that have more than one
 * node, by R. Tarjan, "Depth-first search and linear graph algorithms" (1972), without recursion.
 * Time and memory are linear in nodes and edges.
 */
public final class Cycles {

  private Cycles() {}

  /** One thing depends on another. */
  public record Edge(String from, String to) {}

  /**
   * Nodes that all depend on each other, directly or through others.
   *
   * @param nodes in order of id
   * @param circle the shortest way from its first node, the smallest id, back to it
   */
  public record Cycle(List<String> nodes, List<String> circle) {
    public Cycle {
      nodes = List.copyOf(nodes);
      circle = List.copyOf(circle);
    }
  }

  /** All cycles, in order of their smallest id; a node that depends on itself is one. */
  public static List<Cycle> in(List<Edge> edges) {
    Map<String, List<String>> next = new TreeMap<>();
    for (Edge edge : edges) {
      next.computeIfAbsent(edge.from(), id -> new ArrayList<>()).add(edge.to());
      next.computeIfAbsent(edge.to(), id -> new ArrayList<>());
    }
    List<Cycle> cycles = new ArrayList<>();
    for (List<String> component : new Search(next).components()) {
      List<String> nodes = component.stream().sorted().toList();
      String first = nodes.get(0);
      if (nodes.size() > 1 || next.get(first).contains(first)) {
        cycles.add(new Cycle(nodes, circle(first, next, new HashSet<>(nodes))));
      }
    }
    cycles.sort(Comparator.comparing((Cycle cycle) -> cycle.nodes().get(0)));
    return cycles;
  }

  /** Breadth first, within the component. */
  private static List<String> circle(
      String first, Map<String, List<String>> next, Set<String> within) {
    Map<String, String> cameFrom = new HashMap<>();
    Deque<String> open = new ArrayDeque<>(List.of(first));
    while (!cameFrom.containsKey(first)) {
      String at = open.removeFirst();
      for (String to : next.get(at)) {
        if (within.contains(to) && cameFrom.putIfAbsent(to, at) == null) {
          open.add(to);
        }
      }
    }
    Deque<String> way = new ArrayDeque<>(List.of(first));
    do {
      way.addFirst(cameFrom.get(way.getFirst()));
    } while (!way.getFirst().equals(first));
    return List.copyOf(way);
  }

  /** Tarjan's search with a stack of its own, so that a long chain does not overflow Java's. */
  private static final class Search {
    private final Map<String, List<String>> next;
    private final Map<String, Integer> index = new HashMap<>();
    private final Map<String, Integer> low = new HashMap<>();
    private final Deque<String> path = new ArrayDeque<>();
    private final Set<String> onPath = new HashSet<>();
    private final List<List<String>> components = new ArrayList<>();

    /** A node being visited, and how many of its edges have been followed. */
    private static final class Visit {
      private final String node;
      private int followed;

      Visit(String node) {
        this.node = node;
      }
    }

    Search(Map<String, List<String>> next) {
      this.next = next;
    }

    List<List<String>> components() {
      next.keySet().stream().filter(node -> !index.containsKey(node)).forEach(this::visitFrom);
      return components;
    }

    private void visitFrom(String root) {
      if (index.containsKey(root)) {
        return;
      }
      Deque<Visit> visits = new ArrayDeque<>();
      visits.push(begin(root));
      while (!visits.isEmpty()) {
        Visit visit = visits.getFirst();
        List<String> edges = next.get(visit.node);
        if (visit.followed < edges.size()) {
          String to = edges.get(visit.followed++);
          if (!index.containsKey(to)) {
            visits.push(begin(to));
          } else if (onPath.contains(to)) {
            low.merge(visit.node, index.get(to), Math::min);
          }
        } else {
          visits.pop();
          end(visit.node);
          if (!visits.isEmpty()) {
            low.merge(visits.getFirst().node, low.get(visit.node), Math::min);
          }
        }
      }
    }

    private Visit begin(String node) {
      int number = index.size();
      index.put(node, number);
      low.put(node, number);
      path.push(node);
      onPath.add(node);
      return new Visit(node);
    }

    private void end(String node) {
      if (!low.get(node).equals(index.get(node))) {
        return;
      }
      List<String> component = new ArrayList<>();
      String member;
      do {
        member = path.pop();
        onPath.remove(member);
        component.add(member);
      } while (!member.equals(node));
      components.add(component);
    }
  }
}
