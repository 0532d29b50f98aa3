package io.twinloop.http.organization;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.organization.KnownProperties;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.OrgNodes;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Inputs;
import io.twinloop.http.Json;
import io.twinloop.http.PersonalReaders;
import io.twinloop.http.Problems;
import io.twinloop.http.ReadPosition;
import io.twinloop.projections.organization.AsOf;
import io.twinloop.projections.organization.NodeSearch;
import io.twinloop.projections.organization.OrgGraph;
import io.twinloop.projections.organization.OrgNodeQueries;
import io.twinloop.projections.personaldata.PersonalData;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.jspecify.annotations.Nullable;

/** The organisation: its nodes, how they stand to each other, what happened to them. */
public final class OrgNodeRoutes {

  private static final String NODE = "/api/v1/twin/nodes/{id}";
  private static final String RELATION = NODE + "/relations/{relation}/{targetId}";

  /** Nodes of one graph, and relations of one. Who wants more takes the list, page by page. */
  private static final int LARGEST_GRAPH = 20_000;

  private static final int DEEPEST_GRAPH = 100;

  private final Entities entities;
  private final OrgNodes nodes;
  private final OrgNodeQueries queries;
  private final NodeSearch search;
  private final OrgGraph graph;
  private final PersonalData personalData;
  private final PersonalReaders personalReaders;

  public OrgNodeRoutes(
      Entities entities,
      OrgNodeQueries queries,
      OrgGraph graph,
      PersonalData personalData,
      PersonalReaders personalReaders) {
    this.entities = entities;
    this.nodes = new OrgNodes(entities);
    this.queries = queries;
    this.search = new NodeSearch(queries, personalData);
    this.graph = graph;
    this.personalData = personalData;
    this.personalReaders = personalReaders;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/twin/nodes", Permission.TWIN_READ, this::list).withinReach(),
        Endpoint.put(NODE, Permission.TWIN_WRITE, this::put).withinReach(),
        Endpoint.patch(NODE, Permission.TWIN_WRITE, this::patch).withinReach(),
        Endpoint.get(NODE, Permission.TWIN_READ, this::get).withinReach(),
        Endpoint.delete(NODE, Permission.TWIN_WRITE, this::retire).withinReach(),
        Endpoint.put(RELATION, Permission.TWIN_WRITE, this::relate).withinReach(),
        Endpoint.delete(RELATION, Permission.TWIN_WRITE, this::unrelate).withinReach(),
        Endpoint.get(NODE + "/history", Permission.TWIN_READ, this::history).withinReach(),
        Endpoint.get("/api/v1/twin/graph", Permission.TWIN_READ, this::graph).withinReach());
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    OrgNodeQueries.Filter filter =
        new OrgNodeQueries.Filter(
            call.query("type").map(OrgNodeRoutes::typeOf).map(NodeType::wireName).orElse(null),
            call.query("q").orElse(null),
            call.query("within").orElse(null),
            call.flag("overSla"),
            call.query("automationLevel").map(OrgNodeRoutes::automationLevelOf).orElse(null));
    return flatMap(
        personalReaders.of(call.caller()),
        mayRead ->
            map(
                flatMap(
                    call.scopeAt(call.instant("at")),
                    scope ->
                        search
                            .within(scope)
                            .nodes(filter, asOf(call), call.cursor().orElse(""), limit, mayRead)),
                page -> Answers.page(page.nodes().stream().map(Json::tree).toList(), page.next())));
  }

  private CompletionStage<HttpResponse> put(Call call) {
    String id = toChange(call);
    return flatMap(
        call.json(),
        body -> {
          NodeContent content = OrgNodeJson.content(body, personalData.fields());
          return flatMap(
              anyRevisionOf(call, id),
              expected ->
                  flatMap(personalData.seal(id, content), ready -> put(call, id, ready, expected)));
        });
  }

  private CompletionStage<HttpResponse> put(
      Call call, String id, NodeContent content, Optional<Long> expected) {
    return ask(
        id,
        replyTo ->
            new OrgNode.Put(
                content.type(),
                content.label(),
                content.properties(),
                expected.orElse(null),
                causeOf(call),
                replyTo),
        accepted -> {
          ObjectNode json = OrgNodeJson.describe(id, content);
          return changed(
              id,
              accepted,
              accepted.created()
                  ? Answers.created("/api/v1/twin/nodes/" + id, json)
                  : Answers.ok(json));
        });
  }

  /** The revision a node must have to be put, where the caller wants one: none, one, or any. */
  private CompletionStage<Optional<Long>> anyRevisionOf(Call call, String id) {
    if (call.mustBeNew()) {
      return CompletableFuture.completedStage(Optional.of(0L));
    }
    Optional<Long> expected = Optional.ofNullable(expectedRevision(call));
    if (expected.isPresent() || !call.mustExist()) {
      return CompletableFuture.completedStage(expected);
    }
    // A node that was created never ceases to be known, so what holds now holds when it is put.
    return map(
        current(id),
        reply -> {
          if (reply instanceof OrgNode.Rejected) {
            throw Problems.at(
                    "if-match:",
                    Refusals.REVISION_MISMATCH,
                    "There is no node '" + id + "' yet, and If-Match wants one.")
                .refuse();
          }
          return Optional.empty();
        });
  }

  private CompletionStage<HttpResponse> patch(Call call) {
    String id = toChange(call);
    return flatMap(
        call.json(),
        body -> {
          ObjectNode patch = objectOf(body);
          return personalData.fields().mayConcern(patch)
              ? flatMap(
                  current(id),
                  reply ->
                      reply instanceof OrgNode.Current node
                          ? flatMap(
                              sealed(id, node.content().type(), patch),
                              ready -> patch(call, id, ready))
                          : CompletableFuture.completedStage(refused(reply)))
              : patch(call, id, patch);
        });
  }

  /** The patch with what is personal sealed, once that is seen to be sound. */
  private CompletionStage<ObjectNode> sealed(String id, NodeType type, ObjectNode patch) {
    if (personalData.fields().concerns(type)) {
      OrgNodeJson.checkPatch(type, patch, personalData.fields());
    }
    return personalData.sealPatch(id, type, patch);
  }

  private CompletionStage<HttpResponse> patch(Call call, String id, ObjectNode patch) {
    return flatMap(
        entities.<OrgNode.Command, OrgNode.Reply>ask(
            OrgNode.KEY,
            id,
            replyTo -> new OrgNode.Patch(patch, expectedRevision(call), causeOf(call), replyTo)),
        reply ->
            reply instanceof OrgNode.Accepted accepted
                ? patched(id, accepted)
                : CompletableFuture.completedStage(refused(reply)));
  }

  /** The node after a patch; another change may have followed already. */
  private CompletionStage<HttpResponse> patched(String id, OrgNode.Accepted accepted) {
    return map(
        current(id),
        reply -> {
          OrgNode.Current now = (OrgNode.Current) reply;
          return Answers.withPosition(
              Answers.withRevision(
                  Answers.ok(OrgNodeJson.describe(id, now.content())), now.revision()),
              position(id, accepted));
        });
  }

  private static ObjectNode objectOf(JsonNode body) {
    if (body instanceof ObjectNode object) {
      return object;
    }
    throw Problems.at("", "malformed", "Expected a merge patch, which is an object.").refuse();
  }

  private CompletionStage<HttpResponse> get(Call call) {
    String id = call.id("id");
    Optional<Instant> at = call.instant("at");
    return at.isPresent()
        ? map(
            flatMap(call.scopeAt(at), scope -> queries.within(scope).node(id, new AsOf(at.get()))),
            node ->
                node.map(then -> Answers.ok(OrgNodeJson.describe(then)))
                    .orElseGet(
                        () ->
                            Answers.refused(
                                Refusals.NOT_FOUND,
                                "There was no node '%s' at %s.".formatted(id, at.get()))))
        : map(
            current(id),
            reply ->
                seen(call, id, reply) instanceof OrgNode.Current current
                    ? Answers.withRevision(
                        Answers.ok(OrgNodeJson.describe(id, current, call.scope())),
                        current.revision())
                    : refused(seen(call, id, reply)));
  }

  /** A node outside the caller's scope isn't there. */
  private static OrgNode.Reply seen(Call call, String id, OrgNode.Reply reply) {
    boolean outside =
        reply instanceof OrgNode.Current current
            && !call.scope().hasNode(id, current.content().type().wireName());
    return outside
        ? new OrgNode.Rejected(
            Refusals.NOT_FOUND,
            "There is no node '" + id + "'. Create it with PUT /twin/nodes/" + id + ".")
        : reply;
  }

  /** The node of the path, which must be within the caller's scope to be changed. */
  private static String toChange(Call call) {
    String id = call.id("id");
    call.mayChange(call.scope().hasNode(id), "Node '" + id + "'");
    return id;
  }

  /** The relation's other end must be within it too. */
  private static String targetToChange(Call call) {
    String id = call.id("targetId");
    call.mayChange(call.scope().hasEntity(id), "Node '" + id + "'");
    return id;
  }

  private CompletionStage<HttpResponse> retire(Call call) {
    String id = toChange(call);
    return ask(
        id,
        replyTo -> new OrgNode.Retire(expectedRevision(call), causeOf(call), replyTo),
        accepted -> changed(id, accepted, Answers.noContent()));
  }

  private CompletionStage<HttpResponse> relate(Call call) {
    String id = toChange(call);
    String targetId = targetToChange(call);
    RelationType relation = relationOf(call, id, targetId);
    return flatMap(
        call.optionalJson(),
        json -> {
          OrgNodeJson.RelationBody body = OrgNodeJson.relation(relation, json);
          return flatMap(
              anyRevisionOf(call, id, relation, targetId),
              expected -> {
                OrgNodes.Order order =
                    new OrgNodes.Order(
                        id,
                        relation,
                        targetId,
                        body.properties(),
                        body.validFrom(),
                        expected.orElse(null));
                return map(
                    nodes.relate(order, causeOf(call)),
                    reply ->
                        reply instanceof OrgNode.Accepted accepted
                            ? changed(id, accepted, related(order, accepted))
                            : refused(reply));
              });
        });
  }

  /** The revision a node must have to be related, where the caller wants one or a new relation. */
  private CompletionStage<Optional<Long>> anyRevisionOf(
      Call call, String id, RelationType relation, String targetId) {
    if (!call.mustBeNew()) {
      return CompletableFuture.completedStage(Optional.ofNullable(expectedRevision(call)));
    }
    return map(
        current(id),
        reply -> {
          if (!(reply instanceof OrgNode.Current current)) {
            return Optional.empty();
          }
          if (current.relations().stream().anyMatch(held -> held.is(relation, targetId))) {
            throw Problems.at(
                    "if-none-match:",
                    Refusals.REVISION_MISMATCH,
                    "%s from '%s' to '%s' holds already.".formatted(relation, id, targetId))
                .refuse();
          }
          return Optional.of(current.revision());
        });
  }

  private static HttpResponse related(OrgNodes.Order order, OrgNode.Accepted accepted) {
    ObjectNode json = OrgNodeJson.describe(order);
    return accepted.created()
        ? Answers.created(
            "/api/v1/twin/nodes/%s/relations/%s/%s"
                .formatted(order.sourceId(), order.relation(), order.targetId()),
            json)
        : Answers.ok(json);
  }

  private CompletionStage<HttpResponse> unrelate(Call call) {
    String id = toChange(call);
    String targetId = targetToChange(call);
    RelationType relation = relationOf(call, id, targetId);
    Instant until = call.instant("validUntil").orElse(null);
    return ask(
        id,
        replyTo ->
            new OrgNode.Unrelate(
                relation, targetId, until, expectedRevision(call), causeOf(call), replyTo),
        accepted -> changed(id, accepted, Answers.noContent()));
  }

  private CompletionStage<HttpResponse> history(Call call) {
    String id = call.id("id");
    int limit = call.limit();
    long after = call.cursor().map(Cursors::number).orElse(0L);
    return flatMap(
        current(id),
        reply ->
            seen(call, id, reply) instanceof OrgNode.Rejected rejected
                ? CompletableFuture.completedStage(refused(rejected))
                : map(
                    queries.within(call.scope()).history(id, after, limit + 1),
                    page ->
                        Answers.page(
                            page,
                            limit,
                            row -> Long.toString(row.revision()),
                            row -> OrgNodeJson.describe(row, call.scope()))));
  }

  private CompletionStage<HttpResponse> graph(Call call) {
    String root = call.requiredQuery("root");
    int depth = (int) call.number("depth", 0, DEEPEST_GRAPH).orElse(1);
    Set<RelationType> types = relationsOf(call);
    return map(
        flatMap(
            call.scopeAt(call.instant("at")),
            scope ->
                graph
                    .within(scope)
                    .around(root, depth, directionOf(call), types, asOf(call), LARGEST_GRAPH)),
        found -> {
          OrgGraph.Found around =
              found.orElseThrow(
                  () ->
                      Problems.at(
                              "?root",
                              Refusals.NOT_FOUND,
                              "There is no node " + Inputs.quoted(root) + " to begin with.")
                          .refuse());
          if (!around.complete()) {
            throw Problems.at(
                    "?depth",
                    "invalid-value",
                    "More than %d nodes or relations lie within %d steps of '%s'; ask for fewer"
                            .formatted(LARGEST_GRAPH, depth, root)
                        + " steps or fewer kinds of relations.")
                .refuse();
          }
          return Answers.ok(OrgNodeJson.describe(around));
        });
  }

  private static OrgGraph.Direction directionOf(Call call) {
    String name = call.query("direction").orElse("both");
    return switch (name) {
      case "both" -> OrgGraph.Direction.BOTH;
      case "down" -> OrgGraph.Direction.DOWN;
      default ->
          throw Problems.at(
                  "?direction",
                  "malformed",
                  "Expected direction to be both or down, not " + Inputs.quoted(name) + ".")
              .refuse();
    };
  }

  private static Set<RelationType> relationsOf(Call call) {
    Optional<String> names = call.query("relations");
    if (names.isEmpty()) {
      return EnumSet.allOf(RelationType.class);
    }
    Set<RelationType> types = EnumSet.noneOf(RelationType.class);
    for (String name : names.get().split(",", -1)) {
      try {
        types.add(RelationType.of(name.strip()));
      } catch (IllegalArgumentException e) {
        throw Problems.at("?relations", "malformed", e.getMessage()).refuse();
      }
    }
    return types;
  }

  private static NodeType typeOf(String name) {
    NodeType type = OrgNodeJson.NODE_TYPES.get(name);
    if (type == null) {
      throw Problems.at(
              "?type",
              "malformed",
              "Expected type to be one of %s, not %s."
                  .formatted(OrgNodeJson.NODE_TYPES.keySet(), Inputs.quoted(name)))
          .refuse();
    }
    return type;
  }

  private static String automationLevelOf(String name) {
    if (!KnownProperties.AUTOMATION_LEVELS.contains(name)) {
      throw Problems.at(
              "?automationLevel",
              "malformed",
              "Expected automationLevel to be one of %s, not %s."
                  .formatted(KnownProperties.AUTOMATION_LEVELS, Inputs.quoted(name)))
          .refuse();
    }
    return name;
  }

  private static RelationType relationOf(Call call, String id, String targetId) {
    try {
      return RelationType.of(call.path("relation"));
    } catch (IllegalArgumentException e) {
      throw Problems.at(
              "{relation}",
              Refusals.REFUSED,
              "'%s' and '%s' cannot be related: %s.".formatted(id, targetId, e.getMessage()))
          .refuse();
    }
  }

  private static AsOf asOf(Call call) {
    return new AsOf(call.instant("at").orElse(null));
  }

  private CompletionStage<OrgNode.Reply> current(String id) {
    return entities.ask(OrgNode.KEY, id, OrgNode.Get::new);
  }

  private CompletionStage<HttpResponse> ask(
      String id,
      Function<ActorRef<OrgNode.Reply>, OrgNode.Command> command,
      Function<OrgNode.Accepted, HttpResponse> answer) {
    return map(
        entities.<OrgNode.Command, OrgNode.Reply>ask(OrgNode.KEY, id, command),
        reply ->
            reply instanceof OrgNode.Accepted accepted ? answer.apply(accepted) : refused(reply));
  }

  private static HttpResponse changed(String id, OrgNode.Accepted accepted, HttpResponse answer) {
    return Answers.withPosition(
        Answers.withRevision(answer, accepted.revision()), position(id, accepted));
  }

  private static ReadPosition position(String id, OrgNode.Accepted accepted) {
    return ReadPosition.of(OrgNode.KEY.name() + "|" + id, accepted.seqNr());
  }

  private static HttpResponse refused(OrgNode.Reply reply) {
    OrgNode.Rejected rejected = (OrgNode.Rejected) reply;
    return Answers.refused(rejected.code(), rejected.sentence());
  }

  private static Cause causeOf(Call call) {
    return new Cause(call.caller().correlationId(), call.commandId(), call.caller().actor());
  }

  private static @Nullable Long expectedRevision(Call call) {
    return call.ifMatch().isPresent() ? Long.valueOf(call.ifMatch().getAsLong()) : null;
  }
}
