package io.twinloop.domain.organization.simulation;

import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.RelationType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Applies changes to a branch of the organisation, one after the other, and compares. */
public final class WhatIf {

  /** So many changes one simulation takes. */
  public static final int MOST_CHANGES = 100;

  private WhatIf() {}

  /** How it went. */
  public sealed interface Result permits Compared, Refused {}

  /** The changes can be made, and this comes of them. */
  public record Compared(Outcome outcome) implements Result {}

  /**
   * A change cannot be made. Those after it were not tried, as they may build on it.
   *
   * @param problems with pointers such as {@code /changes/0/unitId}
   */
  public record Refused(List<Problem> problems) implements Result {
    public Refused {
      problems = List.copyOf(problems);
    }
  }

  /** What is wrong with the first change that cannot be made; empty when all can. */
  public static List<Problem> problems(Picture picture, List<Change> changes) {
    return applied(picture.branch(), changes);
  }

  /** Applies the changes to a branch of the picture, which stays as it is. */
  public static Result simulate(Picture before, List<Change> changes) {
    Branch branch = before.branch();
    List<Problem> problems = applied(branch, changes);
    if (!problems.isEmpty()) {
      return new Refused(problems);
    }
    Set<String> named = new TreeSet<>();
    changes.forEach(change -> named.addAll(change.nodeIds()));
    Picture after = branch.picture();
    Set<String> touched = new TreeSet<>(named);
    named.forEach(id -> touched.addAll(before.targets(RelationType.BELONGS_TO, id)));
    Set<String> supplied = Figures.supplied(before);
    return new Compared(
        new Outcome(
            organizationOf(before, named),
            Figures.of(before, touched, supplied),
            Figures.of(after, touched, supplied),
            BlastRadius.of(before, after, named)));
  }

  private static List<Problem> applied(Branch branch, List<Change> changes) {
    for (int i = 0; i < changes.size(); i++) {
      String at = "/changes/" + i;
      List<Problem> problems = changes.get(i).applyTo(branch);
      if (!problems.isEmpty()) {
        return problems.stream()
            .map(problem -> new Problem(at + problem.pointer(), problem.detail()))
            .toList();
      }
    }
    return List.of();
  }

  /** Up from what is named, over owners and units, to the one organisation there is. */
  private static @Nullable String organizationOf(Picture picture, Set<String> named) {
    Set<String> organizations = new TreeSet<>();
    Set<String> seen = new HashSet<>(named);
    Deque<String> waiting = new ArrayDeque<>(named);
    while (!waiting.isEmpty()) {
      String id = waiting.remove();
      if (picture.typeOf(id) == NodeType.ORGANIZATION) {
        organizations.add(id);
      }
      List<String> above = new ArrayList<>(picture.targets(RelationType.PART_OF, id));
      above.addAll(picture.targets(RelationType.BELONGS_TO, id));
      above.addAll(picture.sources(RelationType.OWNS_PROCESS, id));
      above.addAll(picture.sources(RelationType.SUPPLIED_BY, id));
      above.stream().filter(seen::add).forEach(waiting::add);
    }
    return organizations.size() == 1 ? organizations.iterator().next() : null;
  }
}
