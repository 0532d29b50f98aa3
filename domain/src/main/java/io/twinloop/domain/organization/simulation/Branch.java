package io.twinloop.domain.organization.simulation;

import static io.twinloop.domain.organization.NodeType.ORGANIZATION;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION_UNIT;
import static io.twinloop.domain.organization.NodeType.PERSON;
import static io.twinloop.domain.organization.NodeType.PROCESS;
import static io.twinloop.domain.organization.NodeType.VENDOR;
import static io.twinloop.domain.organization.RelationType.BELONGS_TO;
import static io.twinloop.domain.organization.RelationType.MANAGES;
import static io.twinloop.domain.organization.RelationType.OWNS_PROCESS;
import static io.twinloop.domain.organization.RelationType.PART_OF;
import static io.twinloop.domain.organization.RelationType.REPORTS_TO;
import static io.twinloop.domain.organization.RelationType.SUPPORTED_BY;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.RelationType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The organisation as it might be: a picture in which changes are made, one after the other. A
 * change that is refused has changed nothing.
 */
final class Branch {

  private static final String HEADCOUNT = "headcount";
  private static final String BUDGET = "budget";

  /** What units that merge have together. */
  private static final List<String> ADDED =
      List.of("headcount_min", BUDGET, "budget_remaining", "fte", "cost");

  private final Picture now;

  Branch(Picture now) {
    this.now = now;
  }

  /** As it is now in this branch. */
  Picture picture() {
    return now;
  }

  List<Problem> moveUnit(Change.MoveUnit change) {
    List<Problem> problems = new ArrayList<>();
    problems.addAll(expect("/unitId", change.unitId(), ORGANIZATION_UNIT));
    problems.addAll(expect("/toId", change.toId(), ORGANIZATION_UNIT, ORGANIZATION));
    if (problems.isEmpty()) {
      problems.addAll(circle("/toId", change.unitId(), change.toId()));
    }
    if (problems.isEmpty()) {
      moveUnder(change.unitId(), change.toId());
    }
    return problems;
  }

  List<Problem> mergeUnits(Change.MergeUnits change) {
    List<Problem> problems = new ArrayList<>();
    problems.addAll(expectAll("/unitIds", change.unitIds(), ORGANIZATION_UNIT));
    problems.addAll(expect("/intoId", change.intoId(), ORGANIZATION_UNIT));
    if (problems.isEmpty()) {
      for (String unitId : change.unitIds()) {
        problems.addAll(swallowed("/intoId", unitId, change.intoId()));
      }
    }
    if (problems.isEmpty()) {
      change.unitIds().forEach(unitId -> merge(unitId, change.intoId()));
    }
    return problems;
  }

  private void merge(String unitId, String intoId) {
    takeHeads(unitId, intoId);
    for (String property : ADDED) {
      Double sum = sum(now.number(unitId, property), now.number(intoId, property));
      if (sum != null) {
        set(intoId, property, DoubleNode.valueOf(sum));
      }
    }
    if (now.sources(MANAGES, intoId).isEmpty()) {
      List.copyOf(now.sources(MANAGES, unitId))
          .forEach(manager -> now.link(manager, MANAGES, intoId));
    }
    handOver(unitId, intoId);
    now.remove(unitId);
  }

  List<Problem> splitUnit(Change.SplitUnit change) {
    List<Problem> problems = new ArrayList<>(expect("/unitId", change.unitId(), ORGANIZATION_UNIT));
    if (problems.isEmpty()) {
      problems.addAll(sharesOf(change));
    }
    if (problems.isEmpty()) {
      change.parts().forEach(part -> splitOff(change.unitId(), part));
    }
    return problems;
  }

  private List<Problem> sharesOf(Change.SplitUnit change) {
    String unitId = change.unitId();
    List<Problem> problems = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    long heads = 0;
    double money = 0;
    for (int i = 0; i < change.parts().size(); i++) {
      Change.Part part = change.parts().get(i);
      String at = "/parts/" + i;
      if (now.node(part.id()).isPresent() || !taken.add(part.id())) {
        problems.add(
            new Problem(
                at + "/id", "'%s' is taken, a part needs an id of its own".formatted(part.id())));
      }
      newUnit(unitId, part).problems().stream()
          .map(problem -> new Problem(at + problem.pointer(), problem.detail()))
          .forEach(problems::add);
      Set<String> people = now.sources(BELONGS_TO, unitId);
      problems.addAll(shares(at + "/personIds", part.personIds(), people, taken, unitId));
      Set<String> processes = now.targets(OWNS_PROCESS, unitId);
      problems.addAll(shares(at + "/processIds", part.processIds(), processes, taken, unitId));
      Set<String> units = now.sources(PART_OF, unitId);
      problems.addAll(shares(at + "/unitIds", part.unitIds(), units, taken, unitId));
      heads += headsOf(part);
      money += part.budget() == null ? 0 : part.budget();
    }
    long toGive = headcountOf(unitId) - stayingIn(unitId, taken);
    problems.addAll(enough("headcount", (double) heads, (double) toGive, unitId));
    Double budget = now.number(unitId, BUDGET);
    problems.addAll(enough("budget", money, budget == null ? 0 : budget, unitId));
    return problems;
  }

  /** How many people no part takes: a headcount has to be left for them. */
  private long stayingIn(String unitId, Set<String> taken) {
    return now.sources(BELONGS_TO, unitId).stream()
        .filter(personId -> now.counts(personId, unitId) && !taken.contains(personId))
        .count();
  }

  private static List<Problem> enough(String of, double taken, double there, String unitId) {
    return taken <= there
        ? List.of()
        : List.of(
            new Problem(
                "/parts",
                "the parts take a %s of %s, but '%s' has %s to give"
                    .formatted(of, plain(taken), unitId, plain(there))));
  }

  /** A part takes only what the unit has, and no other part takes. */
  private static List<Problem> shares(
      String pointer, List<String> ids, Set<String> there, Set<String> taken, String unitId) {
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      String id = ids.get(i);
      if (!there.contains(id)) {
        problems.add(
            new Problem(pointer + "/" + i, "'%s' is not of the unit '%s'".formatted(id, unitId)));
      } else if (!taken.add(id)) {
        problems.add(new Problem(pointer + "/" + i, "'%s' is taken already".formatted(id)));
      }
    }
    return problems;
  }

  private NodeContent newUnit(String unitId, Change.Part part) {
    ObjectNode properties = JsonNodeFactory.instance.objectNode();
    String kind = now.text(unitId, "kind");
    if (kind != null) {
      properties.put("kind", kind);
    }
    if (now.number(unitId, HEADCOUNT) != null || part.headcount() != null) {
      properties.put(HEADCOUNT, headsOf(part));
    }
    if (part.budget() != null) {
      properties.put(BUDGET, part.budget());
    }
    return new NodeContent(ORGANIZATION_UNIT, part.label(), NodeProperties.of(properties));
  }

  private static long headsOf(Change.Part part) {
    long people = part.personIds().size();
    return part.headcount() == null ? people : Math.max(people, part.headcount());
  }

  private void splitOff(String unitId, Change.Part part) {
    long heads = headcountOf(unitId);
    now.put(part.id(), newUnit(unitId, part));
    now.targets(PART_OF, unitId).forEach(above -> now.link(part.id(), PART_OF, above));
    for (String personId : part.personIds()) {
      belongTo(personId, unitId, part.id());
    }
    part.processIds()
        .forEach(
            processId -> {
              now.unlink(unitId, OWNS_PROCESS, processId);
              now.link(part.id(), OWNS_PROCESS, processId);
            });
    part.unitIds()
        .forEach(
            subUnitId -> {
              now.unlink(subUnitId, PART_OF, unitId);
              now.link(subUnitId, PART_OF, part.id());
            });
    if (now.number(unitId, HEADCOUNT) != null || part.headcount() != null) {
      set(unitId, HEADCOUNT, count(heads - headsOf(part)));
    }
    Double budget = now.number(unitId, BUDGET);
    if (budget != null && part.budget() != null) {
      set(unitId, BUDGET, DoubleNode.valueOf(budget - part.budget()));
    }
  }

  List<Problem> closeUnit(Change.CloseUnit change) {
    List<Problem> problems = new ArrayList<>(expect("/unitId", change.unitId(), ORGANIZATION_UNIT));
    String toId = change.toId();
    if (toId != null) {
      problems.addAll(expect("/toId", toId, ORGANIZATION_UNIT));
      if (problems.isEmpty()) {
        problems.addAll(swallowed("/toId", change.unitId(), toId));
      }
    }
    if (!problems.isEmpty()) {
      return problems;
    }
    if (toId == null) {
      dissolve(change.unitId());
    } else {
      takeHeads(change.unitId(), toId);
      handOver(change.unitId(), toId);
    }
    now.remove(change.unitId());
    return problems;
  }

  private void dissolve(String unitId) {
    for (String personId : List.copyOf(now.sources(BELONGS_TO, unitId))) {
      if (now.targets(BELONGS_TO, personId).size() == 1) {
        now.remove(personId);
      }
    }
    for (String subUnitId : List.copyOf(now.sources(PART_OF, unitId))) {
      now.targets(PART_OF, unitId).forEach(above -> now.link(subUnitId, PART_OF, above));
    }
  }

  List<Problem> movePeople(Change.MovePeople change) {
    List<Problem> problems = new ArrayList<>();
    problems.addAll(expectAll("/personIds", change.personIds(), PERSON));
    problems.addAll(expect("/toId", change.toId(), ORGANIZATION_UNIT));
    if (problems.isEmpty()) {
      change.personIds().forEach(personId -> movePerson(personId, change.toId(), change));
    }
    return problems;
  }

  private void movePerson(String personId, String toId, Change.MovePeople change) {
    Set<String> together = new HashSet<>(change.personIds());
    boolean joins = !now.targets(BELONGS_TO, personId).contains(toId);
    for (String unitId : List.copyOf(now.targets(BELONGS_TO, personId))) {
      if (!unitId.equals(toId)) {
        boolean counts = now.counts(personId, unitId);
        now.belong(personId, unitId, toId);
        now.unlink(personId, MANAGES, unitId);
        Set<String> staying = new HashSet<>(now.sources(BELONGS_TO, unitId));
        staying.removeAll(together);
        cutLines(personId, staying);
        addHeads(unitId, counts ? -1 : 0);
      }
    }
    now.link(personId, BELONGS_TO, toId);
    if (joins && now.counts(personId, toId)) {
      addHeads(toId, 1);
    }
  }

  /** Who reports to whom between somebody who goes and those who stay, ends. */
  private void cutLines(String personId, Set<String> staying) {
    for (String above : List.copyOf(now.targets(REPORTS_TO, personId))) {
      if (staying.contains(above)) {
        now.unlink(personId, REPORTS_TO, above);
      }
    }
    for (String below : List.copyOf(now.sources(REPORTS_TO, personId))) {
      if (staying.contains(below)) {
        now.unlink(below, REPORTS_TO, personId);
      }
    }
  }

  List<Problem> changeHeadcount(Change.ChangeHeadcount change) {
    return set(
        "/unitId",
        change.unitId(),
        ORGANIZATION_UNIT,
        HEADCOUNT,
        LongNode.valueOf(change.headcount()));
  }

  List<Problem> changeSla(Change.ChangeSla change) {
    return set(
        "/processId",
        change.processId(),
        PROCESS,
        "sla_days",
        DoubleNode.valueOf(change.slaDays()));
  }

  List<Problem> changeAutomation(Change.ChangeAutomation change) {
    return set(
        "/processId",
        change.processId(),
        PROCESS,
        "automation_level",
        TextNode.valueOf(change.automationLevel()));
  }

  List<Problem> dropVendor(Change.DropVendor change) {
    List<Problem> problems = expect("/vendorId", change.vendorId(), VENDOR);
    if (problems.isEmpty()) {
      now.remove(change.vendorId());
    }
    return problems;
  }

  // What changes are made of

  private void moveUnder(String unitId, String toId) {
    List.copyOf(now.targets(PART_OF, unitId)).forEach(old -> now.unlink(unitId, PART_OF, old));
    now.link(unitId, PART_OF, toId);
  }

  /** Everybody and everything of a unit but its managers goes to another. */
  private void handOver(String unitId, String toId) {
    for (String personId : List.copyOf(now.sources(BELONGS_TO, unitId))) {
      now.belong(personId, unitId, toId);
    }
    for (String subUnitId : List.copyOf(now.sources(PART_OF, unitId))) {
      now.unlink(subUnitId, PART_OF, unitId);
      now.link(subUnitId, PART_OF, toId);
    }
    for (RelationType type : List.of(OWNS_PROCESS, SUPPORTED_BY)) {
      List.copyOf(now.targets(type, unitId)).forEach(target -> now.link(toId, type, target));
    }
  }

  private void belongTo(String personId, String unitId, String nextId) {
    now.belong(personId, unitId, nextId);
    now.unlink(personId, MANAGES, unitId);
  }

  private long headcountOf(String unitId) {
    return Figures.headcountOf(now, unitId);
  }

  /** A number of people is needed where one of them has one; else their people count. */
  private void takeHeads(String unitId, String toId) {
    if (now.number(unitId, HEADCOUNT) != null || now.number(toId, HEADCOUNT) != null) {
      set(toId, HEADCOUNT, count(headcountOf(unitId) + headcountOf(toId)));
    }
  }

  /** Counts only where the unit has a number of its own; where it has none its people count. */
  private void addHeads(String unitId, long more) {
    Double headcount = now.number(unitId, HEADCOUNT);
    if (headcount != null) {
      set(unitId, HEADCOUNT, count(Math.max(0, headcount.longValue() + more)));
    }
  }

  private static JsonNode count(long number) {
    return LongNode.valueOf(number);
  }

  private static @Nullable Double sum(@Nullable Double one, @Nullable Double other) {
    return one == null && other == null
        ? null
        : Double.valueOf(Stream.of(one, other).filter(Objects::nonNull).mapToDouble(d -> d).sum());
  }

  private List<Problem> set(
      String pointer, String id, NodeType type, String property, JsonNode value) {
    List<Problem> problems = expect(pointer, id, type);
    if (!problems.isEmpty()) {
      return problems;
    }
    NodeContent next = with(id, property, value);
    if (!next.problems().isEmpty()) {
      return next.problems().stream()
          .filter(problem -> problem.pointer().endsWith("/" + property))
          .map(problem -> new Problem("", problem.detail()))
          .toList();
    }
    now.put(id, next);
    return List.of();
  }

  private void set(String id, String property, JsonNode value) {
    now.put(id, with(id, property, value));
  }

  private NodeContent with(String id, String property, JsonNode value) {
    NodeContent content = now.node(id).orElseThrow();
    ObjectNode properties = content.properties().toJson();
    properties.set(property, value);
    return new NodeContent(content.type(), content.label(), NodeProperties.of(properties));
  }

  // What is wrong

  private List<Problem> expect(String pointer, String id, NodeType... types) {
    NodeType type = now.typeOf(id);
    if (type == null) {
      return List.of(new Problem(pointer, "there is no node '" + id + "' then"));
    }
    List<NodeType> expected = Arrays.asList(types);
    return expected.contains(type)
        ? List.of()
        : List.of(
            new Problem(
                pointer,
                "'%s' is a %s, expected %s"
                    .formatted(
                        id,
                        type.wireName(),
                        expected.stream()
                            .map(NodeType::wireName)
                            .collect(Collectors.joining(" or ")))));
  }

  private List<Problem> expectAll(String pointer, List<String> ids, NodeType type) {
    List<Problem> problems = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < ids.size(); i++) {
      problems.addAll(expect(pointer + "/" + i, ids.get(i), type));
      if (!seen.add(ids.get(i))) {
        problems.add(new Problem(pointer + "/" + i, "'" + ids.get(i) + "' is named twice"));
      }
    }
    return problems;
  }

  /** A unit must not become part of itself. */
  private List<Problem> circle(String pointer, String unitId, String toId) {
    List<String> way = now.wayUp(toId, unitId);
    return way.isEmpty()
        ? List.of()
        : List.of(
            new Problem(
                pointer,
                "PART_OF from '%s' to '%s' would lead in a circle: %s → %s"
                    .formatted(unitId, toId, unitId, String.join(" → ", way))));
  }

  /** A unit cannot be handed over to itself, or to one that is part of it. */
  private List<Problem> swallowed(String pointer, String unitId, String toId) {
    List<String> way = now.wayUp(toId, unitId);
    if (way.isEmpty()) {
      return List.of();
    }
    return List.of(
        new Problem(
            pointer,
            unitId.equals(toId)
                ? "'%s' cannot go up in itself".formatted(unitId)
                : "'%s' cannot go up in '%s', which is part of it: %s"
                    .formatted(unitId, toId, String.join(" → ", way))));
  }

  private static String plain(double number) {
    return number == Math.rint(number)
        ? Long.toString(Math.round(number))
        : Double.toString(number);
  }
}
