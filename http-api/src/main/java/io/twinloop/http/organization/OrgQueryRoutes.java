package io.twinloop.http.organization;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.Rollup;
import io.twinloop.entities.Refusals;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.projections.organization.AsOf;
import io.twinloop.projections.organization.OrgQueries;
import io.twinloop.projections.organization.OrgQueries.MemberRow;
import io.twinloop.projections.organization.OrgQueries.ReportingLine;
import java.math.BigDecimal;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Questions to the shape of the organisation, now and at any instant before. */
public final class OrgQueryRoutes {

  private static final String NODE = "/api/v1/twin/nodes/{id}";
  private static final int LONGEST_LINE = 100;
  private static final int MOST_RELATIONS = 500_000;

  private final OrgQueries queries;

  public OrgQueryRoutes(OrgQueries queries) {
    this.queries = queries;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get(NODE + "/reporting-line", Permission.PEOPLE_READ, this::reportingLine)
            .withinReach(),
        Endpoint.get(NODE + "/members", Permission.PEOPLE_READ, this::members).withinReach(),
        Endpoint.get(NODE + "/rollup", Permission.TWIN_READ, this::rollup).withinReach(),
        Endpoint.get("/api/v1/twin/cycles", Permission.PEOPLE_READ, this::cycles).withinReach());
  }

  private CompletionStage<HttpResponse> reportingLine(Call call) {
    String id = call.id("id");
    return map(
        flatMap(within(call), seen -> seen.reportingLine(id, asOf(call), LONGEST_LINE)),
        line -> Answers.ok(describe(line.orElseThrow(() -> missing(call, id)))));
  }

  private static ObjectNode describe(ReportingLine line) {
    ObjectNode json = (ObjectNode) Json.tree(line.node());
    json.set("managers", Json.tree(line.managers()));
    ArrayNode items = json.putArray("items");
    line.superiors()
        .forEach(
            superior -> {
              ObjectNode item = (ObjectNode) Json.tree(superior.node());
              item.put("distance", superior.distance());
              item.set("managers", Json.tree(superior.managers()));
              items.add(item);
            });
    return json;
  }

  private CompletionStage<HttpResponse> members(Call call) {
    String id = call.id("id");
    int limit = call.limit();
    return map(
        flatMap(
            within(call),
            seen ->
                seen.members(
                    id, call.flag("direct"), asOf(call), call.cursor().orElse(""), limit + 1)),
        page ->
            Answers.page(
                page.orElseThrow(() -> missing(call, id)),
                limit,
                row -> row.node().id(),
                OrgQueryRoutes::describe));
  }

  private static ObjectNode describe(MemberRow row) {
    ObjectNode json = (ObjectNode) Json.tree(row.node());
    json.set("unitIds", Json.tree(row.unitIds()));
    return json;
  }

  private CompletionStage<HttpResponse> rollup(Call call) {
    String id = call.id("id");
    return map(
        flatMap(within(call), seen -> seen.rollup(id, asOf(call))),
        found -> {
          OrgQueries.RolledUp rolledUp = found.orElseThrow(() -> missing(call, id));
          Rollup sums =
              rolledUp
                  .sums()
                  .orElseThrow(
                      () ->
                          Problems.of(
                                  Refusals.REFUSED,
                                  "'%s' is a %s; only an Organization or an OrganizationUnit adds up."
                                      .formatted(id, rolledUp.node().type()))
                              .refuse());
          return Answers.ok(describe(id, sums));
        });
  }

  private static ObjectNode describe(String id, Rollup sums) {
    ObjectNode json = Json.object().put("id", id);
    json.put("units", sums.units());
    json.put("persons", sums.persons());
    json.put("headcount", sums.headcount());
    json.set("fte", number(sums.fte()));
    json.set("cost", number(sums.cost()));
    return json.put("notCounted", sums.notCounted());
  }

  /** A whole number without a fraction, else the nearest double. */
  private static NumericNode number(BigDecimal value) {
    return value.scale() <= 0
        ? BigIntegerNode.valueOf(value.toBigIntegerExact())
        : DoubleNode.valueOf(value.doubleValue());
  }

  private CompletionStage<HttpResponse> cycles(Call call) {
    RelationType type = call.oneOf("relation", RelationType.class).orElse(RelationType.DEPENDS_ON);
    return map(
        flatMap(within(call), seen -> seen.cycles(type, asOf(call), MOST_RELATIONS)),
        cycles -> {
          ObjectNode json = Json.object().put("relation", type.name());
          json.set(
              "items",
              Json.tree(
                  cycles.orElseThrow(
                      () ->
                          Problems.at(
                                  "?relation",
                                  "invalid-value",
                                  "More than %d relations are %s; so many are not looked at."
                                      .formatted(MOST_RELATIONS, type))
                              .refuse())));
          return Answers.ok(json);
        });
  }

  private CompletionStage<OrgQueries> within(Call call) {
    return map(call.scopeAt(call.instant("at")), queries::within);
  }

  private static AsOf asOf(Call call) {
    return new AsOf(call.instant("at").orElse(null));
  }

  private static ProblemException missing(Call call, String id) {
    return Problems.of(
            Refusals.NOT_FOUND,
            call.instant("at")
                .map(at -> "There was no node '%s' at %s.".formatted(id, at))
                .orElseGet(() -> "There is no node '%s', or it is retired.".formatted(id)))
        .refuse();
  }
}
