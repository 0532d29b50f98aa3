package io.twinloop.http.organization;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.organization.simulation.Picture;
import io.twinloop.domain.organization.simulation.WhatIf;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Inputs;
import io.twinloop.http.Json;
import io.twinloop.http.Problem;
import io.twinloop.http.Problems;
import io.twinloop.http.ReadPosition;
import io.twinloop.projections.organization.AsOf;
import io.twinloop.projections.organization.OrgPictures;
import io.twinloop.projections.organization.SimulationQueries;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** What-ifs: changes of the organisation that are tried and not made. */
public final class SimulationRoutes {

  private static final String SIMULATIONS = "/api/v1/twin/simulations";

  /** The organisation's read model follows within milliseconds. */
  private static final Duration SETTLE = Duration.ofSeconds(5);

  private static final Set<String> STATES = Set.of("requested", "finished", "failed");

  private final Entities entities;
  private final OrgPictures pictures;
  private final SimulationQueries queries;
  private final Function<Duration, CompletionStage<Boolean>> settled;

  /**
   * @param settled waits at most so long until every change of the organisation that was
   *     acknowledged is in its read model; answers whether it is
   */
  public SimulationRoutes(
      Entities entities,
      OrgPictures pictures,
      SimulationQueries queries,
      Function<Duration, CompletionStage<Boolean>> settled) {
    this.entities = entities;
    this.pictures = pictures;
    this.queries = queries;
    this.settled = settled;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get(SIMULATIONS, Permission.TWIN_SIMULATE, this::list),
        Endpoint.post(SIMULATIONS, Permission.TWIN_SIMULATE, this::request),
        Endpoint.get(SIMULATIONS + "/{id}", Permission.TWIN_SIMULATE, this::get));
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    String state = call.query("state").map(SimulationRoutes::stateOf).orElse(null);
    return map(
        queries.simulations(state, after.time(), after.id(), limit + 1),
        page ->
            Answers.page(
                page,
                limit,
                simulation -> Cursors.of(simulation.requestedAt(), simulation.id()),
                Json::tree));
  }

  private static String stateOf(String state) {
    if (STATES.contains(state)) {
      return state;
    }
    throw Problems.at(
            "?state",
            "malformed",
            "Expected state to be one of %s, not %s."
                .formatted(new TreeSet<>(STATES), Inputs.quoted(state)))
        .refuse();
  }

  private CompletionStage<HttpResponse> request(Call call) {
    return flatMap(
        call.json(),
        body -> {
          SimulationJson.Question question = SimulationJson.question(body);
          return flatMap(
              settled.apply(SETTLE),
              ready -> {
                if (!ready) {
                  throw Problems.of(
                          "read-model-behind",
                          "Changes of the organisation are still being written; try again.")
                      .refuse()
                      .retryAfter(Duration.ofSeconds(2));
                }
                return flatMap(
                    picture(question),
                    picture -> {
                      refuseIfAny(WhatIf.problems(picture, question.changes()));
                      return ask(call, question);
                    });
              });
        });
  }

  /** As much of the organisation as shows whether the changes can be made. */
  private CompletionStage<Picture> picture(SimulationJson.Question question) {
    Set<String> named = new TreeSet<>();
    question.changes().forEach(change -> named.addAll(change.nodeIds()));
    return pictures
        .around(named, new AsOf(question.at()))
        .exceptionally(
            failure -> {
              Throwable cause =
                  failure instanceof CompletionException ? failure.getCause() : failure;
              if (cause instanceof OrgPictures.TooLargeException tooLarge) {
                throw Problems.of(Refusals.REFUSED, tooLarge.getMessage()).refuse();
              }
              throw failure instanceof CompletionException wrapped
                  ? wrapped
                  : new CompletionException(failure);
            });
  }

  private static void refuseIfAny(List<io.twinloop.domain.organization.Problem> problems) {
    if (!problems.isEmpty()) {
      throw Problems.of(
              Refusals.REFUSED,
              io.twinloop.domain.organization.Problem.sentence(problems),
              problems.stream()
                  .map(problem -> new Problem.Place(problem.pointer(), problem.detail()))
                  .toList())
          .refuse();
    }
  }

  private CompletionStage<HttpResponse> ask(Call call, SimulationJson.Question question) {
    String id = call.commandId();
    Cause cause = new Cause(call.caller().correlationId(), id, call.caller().actor());
    return map(
        entities.<Simulation.Command, Simulation.Reply>ask(
            Simulation.KEY,
            id,
            replyTo ->
                new Simulation.Request(
                    question.name(), question.at(), question.changes(), cause, replyTo)),
        reply -> {
          if (reply instanceof Simulation.Rejected rejected) {
            return Answers.refused(rejected.code(), rejected.sentence());
          }
          Simulation.Accepted accepted = (Simulation.Accepted) reply;
          ObjectNode json = SimulationJson.requested(id, accepted.plan());
          return Answers.withPosition(
              Answers.accepted(SIMULATIONS + "/" + id, json.put("state", "requested")),
              ReadPosition.of(Simulation.KEY.name() + "|" + id, accepted.seqNr()));
        });
  }

  private CompletionStage<HttpResponse> get(Call call) {
    String id = call.id("id");
    return map(
        entities.<Simulation.Command, Simulation.Reply>ask(Simulation.KEY, id, Simulation.Get::new),
        reply -> {
          if (reply instanceof Simulation.Rejected rejected) {
            return Answers.refused(rejected.code(), rejected.sentence());
          }
          Simulation.Current current = (Simulation.Current) reply;
          return Answers.withRevision(
              Answers.ok(SimulationJson.describe(id, current)), current.seqNr());
        });
  }
}
