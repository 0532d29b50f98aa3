package io.twinloop.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Completes the operations of the OpenAPI document.
 *
 * <p>An operation names the codes of its refusals ({@code x-problems}); each becomes a part of the
 * response with the status that {@link Problems} has for it. It names the permission it needs
 * ({@code x-needs}), or {@code anybody}; that becomes its security. What operations share ({@code
 * x-everywhere}) is written once and added to each: parameters, headers of answers, refusals.
 */
final class OpenApiOperations {

  private static final String EVERYWHERE = "x-everywhere";
  private static final String PROBLEMS = "x-problems";
  private static final String NEEDS = "x-needs";
  private static final String ANYBODY = "anybody";
  private static final List<String> LOGINS = List.of("token", "apiKey");
  private static final Set<String> METHODS = Set.of("get", "put", "post", "patch", "delete");
  private static final Set<Integer> COME_AGAIN = Set.of(429, 503);

  private final JsonNode everywhere;

  private OpenApiOperations(JsonNode everywhere) {
    this.everywhere = everywhere;
  }

  /**
   * Completes every operation of the document in place.
   *
   * @throws IllegalArgumentException when an operation names a code that has no status
   */
  static void complete(ObjectNode document) {
    JsonNode shared = document.remove(EVERYWHERE);
    var operations = new OpenApiOperations(shared == null ? Json.object() : shared);
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
        if (METHODS.contains(operation.getKey())) {
          operations.complete(path.getKey(), operation.getKey(), (ObjectNode) operation.getValue());
        }
      }
    }
    document.at("/components/responses").forEach(operations::addHeaders);
  }

  private void complete(String path, String method, ObjectNode operation) {
    List<JsonNode> rules = rules(path, method, operation.has("requestBody"));
    JsonNode needs = operation.remove(NEEDS);
    if (needs != null && needs.isTextual()) {
      secure(operation, needs.textValue());
      if (!needs.textValue().equals(ANYBODY)) {
        rules.add(everywhere.path("login"));
      }
    }
    for (JsonNode rule : rules) {
      for (JsonNode parameter : rule.path("parameters")) {
        operation.withArray("parameters").add(reference("parameters", parameter.textValue()));
      }
    }
    ObjectNode responses = operation.withObject("/responses");
    codesByStatus(rules, operation.remove(PROBLEMS))
        .forEach(
            (status, codes) -> {
              if (!responses.has(status.toString())) {
                responses.set(status.toString(), refusal(status, codes));
              }
            });
    JsonNode other = everywhere.at("/every/default");
    if (other.isTextual()) {
      responses.set("default", reference("responses", other.textValue()));
    }
    responses.forEach(this::addHeaders);
  }

  /** Any of the ways to log in, with the permission as the role it takes. */
  private static void secure(ObjectNode operation, String permission) {
    ArrayNode ways = operation.putArray("security");
    if (!permission.equals(ANYBODY)) {
      for (String way : LOGINS) {
        ways.addObject().putArray(way).add(permission);
      }
    }
  }

  /** What of {@link #EVERYWHERE} holds for an operation. */
  private List<JsonNode> rules(String path, String method, boolean readsBody) {
    List<JsonNode> rules = new ArrayList<>();
    rules.add(everywhere.path("every"));
    if (path.startsWith("/api/")) {
      rules.add(everywhere.path("api"));
      rules.add(everywhere.path(method));
      if (readsBody) {
        rules.add(everywhere.path("body"));
      }
    }
    return rules;
  }

  private static Map<Integer, Set<String>> codesByStatus(List<JsonNode> rules, JsonNode own) {
    Map<Integer, Set<String>> codes = new TreeMap<>();
    rules.forEach(rule -> add(codes, rule.path("problems")));
    if (own != null) {
      add(codes, own);
    }
    return codes;
  }

  private static void add(Map<Integer, Set<String>> codes, JsonNode named) {
    for (JsonNode code : named) {
      int status = Problems.statusOf(code.textValue());
      codes.computeIfAbsent(status, key -> new LinkedHashSet<>()).add(code.textValue());
    }
  }

  private static ObjectNode refusal(int status, Set<String> codes) {
    ObjectNode response = Json.object();
    response.put(
        "description",
        codes.stream()
            .map(code -> "`" + code + "`: " + Problems.of(code, "").title() + ".")
            .collect(Collectors.joining("\n\n")));
    if (COME_AGAIN.contains(status)) {
      response.withObject("/headers").set("Retry-After", reference("headers", "RetryAfter"));
    }
    ObjectNode schema = reference("schemas", "Problem");
    ArrayNode known = schema.putObject("properties").putObject("code").putArray("enum");
    codes.forEach(known::add);
    response.putObject("content").putObject("application/problem+json").set("schema", schema);
    return response;
  }

  private void addHeaders(JsonNode response) {
    for (JsonNode header : everywhere.at("/every/headers")) {
      if (!response.has("$ref")) {
        ObjectNode headers = ((ObjectNode) response).withObject("/headers");
        headers.set(header.textValue(), reference("headers", header.textValue()));
      }
    }
  }

  private static ObjectNode reference(String kind, String name) {
    return Json.object().put("$ref", "#/components/" + kind + "/" + name);
  }
}
