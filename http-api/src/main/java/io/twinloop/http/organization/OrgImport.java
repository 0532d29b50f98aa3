package io.twinloop.http.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.ImportFault;
import io.twinloop.domain.organization.ImportLine;
import io.twinloop.domain.organization.ImportLine.NodeLine;
import io.twinloop.domain.organization.ImportLine.Read;
import io.twinloop.domain.organization.ImportLine.Refused;
import io.twinloop.domain.organization.ImportLine.RelationLine;
import io.twinloop.domain.organization.ImportLine.Sound;
import io.twinloop.domain.organization.KnownHierarchy;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.PersonalFields;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.StatementLedger;
import io.twinloop.domain.personaldata.SubjectKey;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.http.BulkSummary;
import io.twinloop.http.Problems;
import io.twinloop.http.Stages;
import io.twinloop.projections.personaldata.PersonalData;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * One import of an organisation: statements in, batch by batch; what is sound goes into the twin,
 * what is not is counted by its kind.
 *
 * <p>In a batch the nodes go first, all at once, then the relations. A relation whose end is not
 * there yet waits for the end of the file. What the file itself shows of a hierarchy is remembered,
 * so that a relation upwards is seen to close no circle without asking every ancestor; only nodes
 * that were there before are asked, once. What is remembered is bounded, and forgotten when it has
 * grown too large.
 *
 * <p>Batches are taken one after the other, so nothing in here needs a lock.
 */
final class OrgImport {

  private static final int STATEMENTS_REMEMBERED = 3_000_000;
  private static final int NODES_REMEMBERED = 100_000;
  private static final int RELATIONS_WAITING = 100_000;
  private static final int LINES_PER_BATCH = 1_000;
  private static final int UNDER_WAY = 64;
  private static final int TRIES = 6;

  /** A statement by its line, read as far as it goes. */
  record Statement(long line, Read read) {}

  /** A sound relation by its line. */
  private record Link(long line, RelationLine told) {
    RelationType type() {
      return told.relation();
    }
  }

  /** What became of the statements about nodes, or about relations. */
  private static final class Count {
    private long accepted;
    private long unchanged;
    private long rejected;

    void into(ObjectNode json) {
      json.put("accepted", accepted).put("unchanged", unchanged).put("rejected", rejected);
    }
  }

  private final Entities entities;
  private final PersonalData personalData;
  private final Cause cause;
  private final ActorSystem<?> system;
  private final BulkSummary summary = new BulkSummary();
  private final Count nodes = new Count();
  private final Count relations = new Count();
  private final Map<String, Long> dirt = new TreeMap<>();
  private final StatementLedger ledger = new StatementLedger(STATEMENTS_REMEMBERED);

  /** The types of nodes that are there; of KPIs, which may have a node's id, apart from them. */
  private final Map<String, NodeType> types = new HashMap<>();

  private final Map<String, NodeType> kpis = new HashMap<>();
  private final Map<RelationType, KnownHierarchy> hierarchies = new EnumMap<>(RelationType.class);
  private final List<Link> waiting = new ArrayList<>();

  OrgImport(Entities entities, PersonalData personalData, Cause cause, ActorSystem<?> system) {
    this.entities = entities;
    this.personalData = personalData;
    this.cause = cause;
    this.system = system;
    for (RelationType type : RelationType.values()) {
      if (type.isHierarchy()) {
        hierarchies.put(type, new KnownHierarchy());
      }
    }
  }

  /** Takes a batch. */
  CompletionStage<Integer> take(List<Statement> batch) {
    forgetWhenTooMuch();
    List<NodeLine> put = new ArrayList<>();
    List<Long> lines = new ArrayList<>();
    List<Link> links = new ArrayList<>();
    for (Statement statement : batch) {
      if (statement.read() instanceof Refused refused) {
        reject(null, statement.line(), refused.code(), refused.sentence());
      } else if (isNews(statement.line(), ((Sound) statement.read()).line())) {
        ImportLine line = ((Sound) statement.read()).line();
        if (line instanceof NodeLine node) {
          put.add(node);
          lines.add(statement.line());
        } else {
          links.add(new Link(statement.line(), (RelationLine) line));
        }
      }
    }
    return Stages.flatMap(
        Stages.flatMap(seal(put), ready -> all(ready, this::putUnlessErased)),
        replies -> {
          for (int i = 0; i < put.size(); i++) {
            sum(put.get(i), lines.get(i), replies.get(i));
          }
          return Stages.map(relate(links, false), related -> batch.size());
        });
  }

  /** Takes the relations that waited for their nodes; call once, after the last batch. */
  CompletionStage<Integer> end() {
    CompletionStage<Integer> done = CompletableFuture.completedStage(0);
    for (int from = 0; from < waiting.size(); from += LINES_PER_BATCH) {
      List<Link> batch =
          List.copyOf(waiting.subList(from, Math.min(from + LINES_PER_BATCH, waiting.size())));
      done =
          Stages.flatMap(
              done,
              before -> {
                forgetWhenTooMuch();
                return relate(batch, true);
              });
    }
    return done;
  }

  /** The summary of a bulk request, with what came of nodes, of relations, and of each fault. */
  ObjectNode toJson() {
    ObjectNode json = summary.toJson();
    ObjectNode report = json.putObject("report");
    nodes.into(report.putObject("nodes"));
    relations.into(report.putObject("relations"));
    ObjectNode faults = report.putObject("dirt");
    dirt.forEach(faults::put);
    return json;
  }

  private void forgetWhenTooMuch() {
    if (types.size() > NODES_REMEMBERED) {
      types.clear();
    }
    if (kpis.size() > NODES_REMEMBERED) {
      kpis.clear();
    }
    hierarchies.values().stream()
        .filter(hierarchy -> hierarchy.size() > NODES_REMEMBERED)
        .forEach(KnownHierarchy::forget);
  }

  /** Whether the file says this for the first time; else it is counted here. */
  private boolean isNews(long number, ImportLine line) {
    return switch (ledger.say(line)) {
      case NOTHING -> true;
      case THE_SAME -> {
        summary.unchanged(1);
        countOf(line).unchanged++;
        yield false;
      }
      case SOMETHING_ELSE -> {
        String what = line instanceof NodeLine node ? "Node '" + node.id() + "'" : line.toString();
        reject(
            countOf(line),
            number,
            ImportFault.DUPLICATE,
            what + " stands in the file before, otherwise; the first holds.");
        yield false;
      }
    };
  }

  private Count countOf(ImportLine line) {
    return line instanceof NodeLine ? nodes : relations;
  }

  // Nodes

  /** A node to be put, what is personal in it sealed; nothing for one of an erased person. */
  private record Sealed(NodeLine node, boolean erased) {}

  /** Seals what is personal in these nodes; their keys are read, and made, all at once. */
  private CompletionStage<List<Sealed>> seal(List<NodeLine> lines) {
    PersonalFields personal = personalData.fields();
    Set<String> persons = new LinkedHashSet<>();
    for (NodeLine line : lines) {
      if (personal.concerns(line.content().type())) {
        persons.add(line.id());
      }
    }
    return Stages.map(
        personalData.keysFor(persons),
        keys ->
            lines.stream()
                .map(
                    line ->
                        persons.contains(line.id())
                            ? sealed(line, keys.get(line.id()))
                            : new Sealed(line, false))
                .toList());
  }

  private Sealed sealed(NodeLine line, Optional<SubjectKey> key) {
    return key.map(
            present ->
                new Sealed(
                    new NodeLine(line.id(), personalData.fields().sealed(line.content(), present)),
                    false))
        .orElseGet(() -> new Sealed(line, true));
  }

  private CompletionStage<OrgNode.Reply> putUnlessErased(Sealed line) {
    return line.erased()
        ? CompletableFuture.completedStage(
            new OrgNode.Rejected(Problems.SUBJECT_ERASED, PersonalData.sentence(line.node().id())))
        : put(line.node());
  }

  private CompletionStage<OrgNode.Reply> put(NodeLine node) {
    return entities.ask(
        OrgNode.KEY,
        node.id(),
        replyTo ->
            new OrgNode.Put(
                node.content().type(),
                node.content().label(),
                node.content().properties(),
                null,
                cause,
                replyTo));
  }

  private void sum(NodeLine node, long line, OrgNode.Reply reply) {
    if (reply instanceof OrgNode.Accepted accepted) {
      types.put(node.id(), node.content().type());
      if (accepted.created()) {
        hierarchyFrom(node.content().type())
            .ifPresent(hierarchy -> hierarchy.learn(node.id(), List.of()));
      }
    }
    sum(nodes, line, reply);
  }

  private void sum(Count count, long line, OrgNode.Reply reply) {
    if (reply instanceof OrgNode.Accepted accepted) {
      if (accepted.unchanged()) {
        summary.unchanged(1);
        count.unchanged++;
      } else {
        summary.accept(1);
        count.accepted++;
      }
    } else if (reply instanceof OrgNode.Rejected rejected) {
      reject(count, line, rejected.code(), rejected.sentence());
    }
  }

  private void reject(@Nullable Count count, long line, String code, String sentence) {
    summary.reject(line, code, sentence);
    dirt.merge(code, 1L, Long::sum);
    if (count != null) {
      count.rejected++;
    }
  }

  // Relations

  private CompletionStage<Integer> relate(List<Link> links, boolean last) {
    return Stages.flatMap(
        lookUp(links),
        seen ->
            Stages.flatMap(
                climb(placed(links, last)),
                climbed -> {
                  List<Link> free = climbed.stream().filter(this::closesNoCircle).toList();
                  return Stages.map(
                      all(free, this::relate),
                      replies -> {
                        for (int i = 0; i < free.size(); i++) {
                          sum(free.get(i), replies.get(i));
                        }
                        return links.size();
                      });
                }));
  }

  /** Asks those ends of which nothing is remembered what they are, each once. */
  private CompletionStage<?> lookUp(List<Link> links) {
    Set<String> nodeIds = new LinkedHashSet<>();
    Set<String> kpiIds = new LinkedHashSet<>();
    for (Link link : links) {
      nodeIds.add(link.told().sourceId());
      (leadsToKpi(link.type()) ? kpiIds : nodeIds).add(link.told().targetId());
    }
    nodeIds.removeAll(types.keySet());
    kpiIds.removeAll(kpis.keySet());
    return Stages.flatMap(
        ask(nodeIds),
        asked ->
            Stages.map(
                all(List.copyOf(kpiIds), this::kpi),
                replies -> {
                  int i = 0;
                  for (String id : kpiIds) {
                    if (replies.get(i++) instanceof Kpi.Current kpi && !kpi.retired()) {
                      kpis.put(id, NodeType.KPI);
                    }
                  }
                  return asked;
                }));
  }

  private CompletionStage<Kpi.Reply> kpi(String id) {
    return entities.ask(Kpi.KEY, id, Kpi.Get::new);
  }

  private static boolean leadsToKpi(RelationType type) {
    return type.allowedEnds().get(0).to() == NodeType.KPI;
  }

  /** Asks nodes what they are and what is above them. */
  private CompletionStage<Integer> ask(Set<String> ids) {
    List<String> asked = List.copyOf(ids);
    return Stages.map(
        all(
            asked,
            id -> entities.<OrgNode.Command, OrgNode.Reply>ask(OrgNode.KEY, id, OrgNode.Get::new)),
        replies -> {
          for (int i = 0; i < asked.size(); i++) {
            learn(asked.get(i), replies.get(i));
          }
          return asked.size();
        });
  }

  private void learn(String id, OrgNode.Reply reply) {
    if (!(reply instanceof OrgNode.Current node) || node.retired()) {
      // Nothing leads on from who is not there.
      hierarchies.values().forEach(hierarchy -> hierarchy.learn(id, List.of()));
      return;
    }
    NodeType type = node.content().type();
    types.put(id, type);
    hierarchies.forEach(
        (relation, hierarchy) ->
            hierarchy.learn(
                id,
                node.relations().stream()
                    .filter(held -> held.type() == relation)
                    .map(Relation::targetId)
                    .toList()));
  }

  /** Those relations whose ends are there and fit; the others wait or are refused. */
  private List<Link> placed(List<Link> links, boolean last) {
    List<Link> placed = new ArrayList<>();
    for (Link link : links) {
      RelationLine told = link.told();
      NodeType source = types.get(told.sourceId());
      NodeType target = typeOfTarget(told);
      if (source == null || target == null) {
        waitFor(link, source == null ? told.sourceId() : told.targetId(), last);
        continue;
      }
      Optional<String> refusal =
          told.relation().refusal(told.sourceId(), source, told.targetId(), target);
      if (refusal.isPresent()) {
        reject(relations, link.line(), ImportFault.WRONG_ENDS, refusal.get());
      } else {
        placed.add(link);
      }
    }
    return placed;
  }

  private @Nullable NodeType typeOfTarget(RelationLine told) {
    return (leadsToKpi(told.relation()) ? kpis : types).get(told.targetId());
  }

  private void waitFor(Link link, String missing, boolean last) {
    if (last || waiting.size() == RELATIONS_WAITING) {
      reject(
          relations,
          link.line(),
          ImportFault.DANGLING,
          "%s: there is no %s '%s', or it is retired%s."
              .formatted(
                  link.told(),
                  missing.equals(link.told().targetId()) && leadsToKpi(link.type())
                      ? "KPI"
                      : "node",
                  missing,
                  last
                      ? ""
                      : "; and %,d relations wait for theirs; let nodes stand before relations"
                          .formatted(RELATIONS_WAITING)));
    } else {
      waiting.add(link);
    }
  }

  /** Asks until everything on the ways up from these relations' targets is known. */
  private CompletionStage<List<Link>> climb(List<Link> links) {
    Set<String> unknown = new LinkedHashSet<>();
    hierarchies.forEach(
        (type, hierarchy) -> {
          List<RelationLine> upwards =
              links.stream().map(Link::told).filter(told -> told.relation() == type).toList();
          upwards.stream()
              .map(RelationLine::sourceId)
              .filter(id -> !hierarchy.knows(id))
              .forEach(unknown::add);
          unknown.addAll(
              hierarchy.unknownAbove(
                  upwards.stream()
                      .filter(told -> !hierarchy.holds(told.sourceId(), told.targetId()))
                      .map(RelationLine::targetId)
                      .toList()));
        });
    return unknown.isEmpty()
        ? CompletableFuture.completedStage(links)
        : Stages.flatMap(ask(unknown), asked -> climb(links));
  }

  /** Takes a relation upwards into what is known, unless it leads in a circle. */
  private boolean closesNoCircle(Link link) {
    KnownHierarchy hierarchy = hierarchies.get(link.type());
    RelationLine told = link.told();
    if (hierarchy == null || hierarchy.holds(told.sourceId(), told.targetId())) {
      return true;
    }
    Optional<List<String>> circle = hierarchy.circle(told.sourceId(), told.targetId());
    circle.ifPresentOrElse(
        way ->
            reject(
                relations,
                link.line(),
                ImportFault.CYCLE,
                "%s would lead in a circle: %s.".formatted(told, shown(way))),
        () -> hierarchy.add(told.sourceId(), told.targetId()));
    return circle.isEmpty();
  }

  private static String shown(List<String> way) {
    return way.size() <= 12
        ? String.join(" → ", way)
        : String.join(" → ", way.subList(0, 6))
            + " → … → "
            + String.join(" → ", way.subList(way.size() - 5, way.size()));
  }

  private CompletionStage<OrgNode.Reply> relate(Link link) {
    RelationLine told = link.told();
    NodeType target = typeOfTarget(told);
    return entities.ask(
        OrgNode.KEY,
        told.sourceId(),
        replyTo ->
            new OrgNode.Relate(
                told.relation(),
                told.targetId(),
                target,
                told.properties(),
                told.validFrom(),
                null,
                cause,
                replyTo));
  }

  private void sum(Link link, OrgNode.Reply reply) {
    KnownHierarchy hierarchy = hierarchies.get(link.type());
    if (hierarchy != null && reply instanceof OrgNode.Rejected) {
      // Whether it held before is not known here; the nodes will be asked again.
      hierarchy.forget();
    }
    sum(relations, link.line(), reply);
  }

  private Optional<KnownHierarchy> hierarchyFrom(NodeType type) {
    return hierarchies.entrySet().stream()
        .filter(entry -> entry.getKey().allowedEnds().get(0).from() == type)
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /** Many at once; the answers in the order of the questions. */
  private <A, B> CompletionStage<List<B>> all(
      List<A> questions, Function<A, CompletionStage<B>> ask) {
    return questions.isEmpty()
        ? CompletableFuture.completedStage(List.of())
        : Source.from(questions)
            .mapAsync(UNDER_WAY, question -> patiently(() -> ask.apply(question), TRIES))
            .runWith(Sink.seq(), system);
  }

  /**
   * Asks again where no answer came in time: every command here can be given twice, and on a busy
   * machine one late answer among thousands must not end an import of hours.
   */
  private static <B> CompletionStage<B> patiently(Supplier<CompletionStage<B>> ask, int tries) {
    CompletionStage<B> answer = ask.get();
    return tries == 1
        ? answer
        : answer.exceptionallyCompose(
            failure ->
                isLate(failure)
                    ? patiently(ask, tries - 1)
                    : CompletableFuture.failedStage(failure));
  }

  private static boolean isLate(Throwable failure) {
    return failure instanceof TimeoutException || failure.getCause() instanceof TimeoutException;
  }
}
