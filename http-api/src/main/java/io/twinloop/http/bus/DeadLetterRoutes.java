package io.twinloop.http.bus;

import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.entities.Refusals;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.projections.bus.DeadLetter;
import io.twinloop.projections.bus.DeadLetters;
import io.twinloop.projections.bus.EventDelivery;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Events that could not be handled: looked at, tried out, sent again, thrown away. */
public final class DeadLetterRoutes {

  private final DeadLetters letters;
  private final EventDelivery delivery;

  public DeadLetterRoutes(DeadLetters letters, EventDelivery delivery) {
    this.letters = letters;
    this.delivery = delivery;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/dead-letters", Permission.OPERATIONS_READ, this::list),
        Endpoint.post(
            "/api/v1/dead-letters/{id}/preview", Permission.OPERATIONS_READ, this::preview),
        Endpoint.post(
            "/api/v1/dead-letters/{id}/replay", Permission.OPERATIONS_CHANGE, this::replay),
        Endpoint.delete("/api/v1/dead-letters/{id}", Permission.OPERATIONS_CHANGE, this::delete));
  }

  private CompletionStage<HttpResponse> list(Call call) {
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    int limit = call.limit();
    return map(
        letters.list(after.time(), after.id(), limit + 1),
        page ->
            Answers.page(
                page,
                limit,
                letter -> Cursors.of(letter.at(), letter.id()),
                DeadLetterRoutes::describe));
  }

  private CompletionStage<HttpResponse> preview(Call call) {
    String id = call.id("id");
    return map(
        letters.find(id),
        found ->
            found
                .map(
                    letter -> {
                      ObjectNode json = describe(letter);
                      json.put("wouldDo", delivery.preview(letter.event()));
                      return Answers.ok(json);
                    })
                .orElseGet(() -> unknown(id)));
  }

  private CompletionStage<HttpResponse> replay(Call call) {
    String id = call.id("id");
    return map(
        letters.replay(id),
        found ->
            found.map(letter -> Answers.accepted(describe(letter))).orElseGet(() -> unknown(id)));
  }

  private CompletionStage<HttpResponse> delete(Call call) {
    String id = call.id("id");
    return map(letters.delete(id), deleted -> deleted ? Answers.noContent() : unknown(id));
  }

  private static HttpResponse unknown(String id) {
    return Answers.refused(Refusals.NOT_FOUND, "There is no dead letter '" + id + "'.");
  }

  private static ObjectNode describe(DeadLetter letter) {
    ObjectNode json = Json.object();
    json.put("id", letter.id());
    json.put("consumerGroup", letter.consumerGroup());
    json.put("topic", letter.topic());
    json.put("key", letter.key());
    json.put("eventId", letter.eventId());
    json.put("eventType", letter.eventType());
    json.put("error", letter.error());
    json.put("attempts", letter.attempts());
    json.put("at", letter.at().toString());
    if (letter.replayedAt() != null) {
      json.put("replayedAt", letter.replayedAt().toString());
    }
    json.put("event", letter.event().utf8String());
    return json;
  }
}
