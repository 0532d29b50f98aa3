package io.twinloop.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Holds the OpenAPI document and the table of endpoints together, for tests of the real table. */
public final class OpenApiAgreement {

  private static final Set<String> METHODS =
      Set.of("get", "put", "post", "patch", "delete", "head", "options", "trace");
  private static final Pattern PARAMETER = Pattern.compile("\\{([^}]*)}");

  private OpenApiAgreement() {}

  /** What one has and the other hasn't, as sentences; empty when they agree. */
  public static List<String> disagreements(List<Endpoint> endpoints, JsonNode document) {
    List<String> disagreements = new ArrayList<>();
    Map<String, JsonNode> operations = operations(document);
    Set<String> operationIds = new HashSet<>();
    Set<String> served = new HashSet<>();
    for (Endpoint endpoint : endpoints) {
      String name = endpoint.method().name() + " " + endpoint.path();
      served.add(name);
      if (endpoint.documented() && !operations.containsKey(name)) {
        disagreements.add(name + " is served but not documented");
      }
    }
    operations.forEach(
        (name, operation) -> {
          if (!served.contains(name)) {
            disagreements.add(name + " is documented but not served");
          }
          Set<String> inPath = inPath(name);
          Set<String> described = described(name, operation, document);
          if (!inPath.equals(described)) {
            disagreements.add(
                name + " has the path parameters " + inPath + " but describes " + described);
          }
          String operationId = operation.path("operationId").asText();
          if (operationId.isEmpty() || !operationIds.add(operationId)) {
            disagreements.add(name + " has no operationId of its own");
          }
          if (operation.path("responses").isEmpty()) {
            disagreements.add(name + " describes no responses");
          }
        });
    return disagreements;
  }

  private static Map<String, JsonNode> operations(JsonNode document) {
    Map<String, JsonNode> operations = new TreeMap<>();
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
        if (METHODS.contains(operation.getKey())) {
          operations.put(
              operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
              operation.getValue());
        }
      }
    }
    return operations;
  }

  private static Set<String> inPath(String name) {
    Set<String> names = new HashSet<>();
    for (Matcher matcher = PARAMETER.matcher(name); matcher.find(); ) {
      names.add(matcher.group(1));
    }
    return names;
  }

  /** The path parameters described at the operation or at its path. */
  private static Set<String> described(String name, JsonNode operation, JsonNode document) {
    Set<String> names = new HashSet<>();
    String path = name.substring(name.indexOf(' ') + 1);
    for (JsonNode where : List.of(operation, document.path("paths").path(path))) {
      for (JsonNode parameter : where.path("parameters")) {
        JsonNode resolved =
            parameter.has("$ref")
                ? document.at(parameter.path("$ref").asText().substring(1))
                : parameter;
        if (resolved.path("in").asText().equals("path")) {
          names.add(resolved.path("name").asText());
        }
      }
    }
    return names;
  }
}
