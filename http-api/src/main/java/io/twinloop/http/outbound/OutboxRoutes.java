package io.twinloop.http.outbound;

import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.entities.Refusals;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Inputs;
import io.twinloop.http.Json;
import io.twinloop.http.Problems;
import io.twinloop.projections.outbound.JdbcOutbox;
import io.twinloop.projections.outbound.OutboxQueries;
import io.twinloop.projections.outbound.OutboxQueries.Filter;
import io.twinloop.projections.outbound.OutboxQueries.Kept;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.jspecify.annotations.Nullable;

/** What was told outside, or would be: listed, and sent again. */
public final class OutboxRoutes {

  /** A longer body is shown so far, in characters. */
  private static final int LONGEST_BODY = 2_000;

  private final OutboxQueries queries;
  private final JdbcOutbox outbox;

  public OutboxRoutes(OutboxQueries queries, JdbcOutbox outbox) {
    this.queries = queries;
    this.outbox = outbox;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/outbox", Permission.OUTBOX_READ, this::list),
        Endpoint.post("/api/v1/outbox/{id}/retry", Permission.OPERATIONS_CHANGE, this::retry));
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    Filter filter =
        new Filter(
            choice(call, "state", Arrays.stream(Outbox.State.values()).map(Enum::name).toList()),
            choice(
                call, "channel", Arrays.stream(Channel.values()).map(Channel::wireName).toList()),
            call.query("correlationId").orElse(null));
    return map(
        queries.list(filter, after.time(), after.id(), limit + 1),
        page ->
            Answers.page(
                page,
                limit,
                kept -> Cursors.of(kept.message().at(), kept.message().id()),
                OutboxRoutes::describe));
  }

  private static @Nullable String choice(Call call, String name, List<String> choices) {
    String chosen = call.query(name).orElse(null);
    if (chosen == null || choices.contains(chosen)) {
      return chosen;
    }
    throw Problems.at(
            "?" + name,
            "malformed",
            "Expected %s to be one of %s, not %s."
                .formatted(name, String.join(", ", choices), Inputs.quoted(chosen)))
        .refuse();
  }

  private CompletionStage<HttpResponse> retry(Call call) {
    String id = call.id("id");
    return map(
        outbox.sendAgain(id),
        asked -> {
          if (asked.isEmpty()) {
            return Answers.refused(Refusals.NOT_FOUND, "There is no message '" + id + "'.");
          }
          Kept kept = asked.get().kept();
          return asked.get().taken()
              ? Answers.accepted(describe(kept))
              : Answers.refused(
                  Refusals.WRONG_STATE,
                  "The message '%s' is %s; only one that is FAILED or WOULD_SEND is sent again."
                      .formatted(id, kept.state()));
        });
  }

  private static ObjectNode describe(Kept kept) {
    OutboundMessage message = kept.message();
    ObjectNode json = Json.object();
    json.put("id", message.id());
    json.put("channel", message.channel().wireName());
    put(json, "recipient", message.recipient());
    put(json, "subject", message.subject());
    String body = message.body();
    boolean cut = body.length() > LONGEST_BODY;
    json.put("body", cut ? body.substring(0, LONGEST_BODY) : body);
    if (cut) {
      json.put("bodyLength", body.length());
    }
    put(json, "correlationId", message.correlationId());
    put(json, "workflowId", message.workflowId());
    json.put("state", kept.state().name());
    json.put("attempts", kept.attempts());
    put(json, "lastError", kept.lastError());
    json.put("at", message.at().toString());
    put(json, "dueAt", kept.dueAt());
    put(json, "endedAt", kept.endedAt());
    return json;
  }

  private static void put(ObjectNode json, String name, @Nullable Object value) {
    if (value != null) {
      json.put(name, value.toString());
    }
  }
}
