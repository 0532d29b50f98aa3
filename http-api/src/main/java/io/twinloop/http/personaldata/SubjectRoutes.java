package io.twinloop.http.personaldata;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.projections.personaldata.PersonalData;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Those of whom something personal is stored, and who may want to be forgotten. */
public final class SubjectRoutes {

  private final Entities entities;
  private final PersonalData personalData;

  public SubjectRoutes(Entities entities, PersonalData personalData) {
    this.entities = entities;
    this.personalData = personalData;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/api/v1/subjects/{id}/erase", Permission.SUBJECT_ERASE, this::erase));
  }

  /** Somebody is known of whom something was sealed, or who is a person of the twin. */
  private CompletionStage<HttpResponse> erase(Call call) {
    String id = call.id("id");
    return flatMap(
        entities.<OrgNode.Command, OrgNode.Reply>ask(OrgNode.KEY, id, OrgNode.Get::new),
        reply ->
            map(
                personalData.erase(id, isPerson(reply)),
                erasedAt ->
                    erasedAt
                        .map(
                            at ->
                                Answers.ok(
                                    Json.object()
                                        .put("subject", id)
                                        .put("erasedAt", at.toString())))
                        .orElseGet(
                            () ->
                                Answers.refused(
                                    Refusals.NOT_FOUND,
                                    "Nothing personal is stored of '%s', and there is no such person in the twin."
                                        .formatted(id)))));
  }

  private static boolean isPerson(OrgNode.Reply reply) {
    return reply instanceof OrgNode.Current current && current.content().type() == NodeType.PERSON;
  }
}
