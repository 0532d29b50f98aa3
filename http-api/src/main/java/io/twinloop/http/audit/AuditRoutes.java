package io.twinloop.http.audit;

import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.audit.AuditEntry;
import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.projections.audit.AuditQueries;
import io.twinloop.projections.audit.AuditQueries.Filter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Who did, or was refused, what. */
public final class AuditRoutes {

  private final AuditQueries audit;

  public AuditRoutes(AuditQueries audit) {
    this.audit = audit;
  }

  public List<Endpoint> endpoints() {
    return List.of(Endpoint.get("/api/v1/audit", Permission.AUDIT_READ, this::list));
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    long after = call.cursor().map(Cursors::number).orElse(0L);
    Filter filter =
        new Filter(
            call.query("actor").orElse(null),
            call.query("action").orElse(null),
            call.instant("from").orElse(null),
            call.instant("to").map(to -> to.plus(1, ChronoUnit.MICROS)).orElse(null));
    return map(
        audit.after(after, filter, limit + 1),
        page ->
            Answers.page(page, limit, link -> Long.toString(link.number()), AuditRoutes::describe));
  }

  private static ObjectNode describe(AuditLink link) {
    AuditEntry entry = link.entry();
    ObjectNode json = Json.object();
    json.put("number", link.number());
    json.put("at", link.at().toString());
    json.put("actor", entry.who().subject());
    json.put("kind", entry.who().kind());
    entry.who().role().ifPresent(role -> json.put("role", role));
    json.put("action", entry.action());
    json.put("path", entry.path());
    json.put("type", entry.type().wireName());
    json.put("address", entry.address());
    json.put("status", entry.status());
    entry.code().ifPresent(code -> json.put("code", code));
    json.put("correlationId", entry.correlationId());
    json.put("hash", link.hash().hex());
    return json;
  }
}
