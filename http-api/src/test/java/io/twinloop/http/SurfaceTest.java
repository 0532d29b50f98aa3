package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.twinloop.http.operations.Availability;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The document describes the table the node answers from, and is a sound OpenAPI 3.1 document. */
class SurfaceTest {

  private static final List<Endpoint> TABLE = table();
  private static final JsonNode DOCUMENT = OpenApiDocument.load().json();

  /** The table without anything behind it: its handlers are never called here. */
  private static List<Endpoint> table() {
    Availability availability = new Availability(List.of(), Clock.systemUTC());
    return new Surface(
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            availability,
            null,
            null,
            null,
            null)
        .endpoints();
  }

  @Test
  void shouldDescribeEveryEndpointAndNothingElse() {
    assertThat(OpenApiAgreement.disagreements(TABLE, DOCUMENT)).isEmpty();
  }

  @Test
  void shouldMakeATableThatTheRouterTakes() {
    assertThat(new RouteTable(TABLE).find(List.of("api", "v1", "kpis", "k"))).isPresent();
  }

  @Test
  void shouldSayWhereOneReadsABodyExactlyWhereTheMethodHasOne() {
    operations()
        .forEach(
            (name, operation) ->
                assertThat(operation.has("requestBody") && name.matches("(GET|DELETE) .*"))
                    .as(name)
                    .isFalse());
  }

  @Test
  void shouldUseEveryComponentAndFindEveryReference() {
    Set<String> used = new TreeSet<>();
    collectReferences(DOCUMENT, used);
    Set<String> present = new TreeSet<>();
    for (Map.Entry<String, JsonNode> kind : DOCUMENT.path("components").properties()) {
      if (kind.getKey().equals("securitySchemes")) {
        continue; // named by security, not by reference
      }
      kind.getValue()
          .fieldNames()
          .forEachRemaining(name -> present.add("#/components/" + kind.getKey() + "/" + name));
    }

    assertThat(used).isEqualTo(present);
  }

  @Test
  void shouldHaveOnlyTagsThatAreExplained() {
    Set<String> explained = new TreeSet<>();
    DOCUMENT.path("tags").forEach(tag -> explained.add(tag.path("name").textValue()));
    Set<String> used = new TreeSet<>();
    operations()
        .values()
        .forEach(operation -> operation.path("tags").forEach(tag -> used.add(tag.textValue())));

    assertThat(used).isEqualTo(explained);
  }

  @Test
  void shouldHaveOnlyWordsOfOpenApi() {
    List<String> strange = new ArrayList<>();
    checkWords(
        "document",
        DOCUMENT,
        Set.of("openapi", "info", "servers", "tags", "paths", "components"),
        strange);
    operations()
        .forEach(
            (name, operation) -> {
              checkWords(
                  name,
                  operation,
                  Set.of(
                      "tags",
                      "operationId",
                      "summary",
                      "description",
                      "parameters",
                      "requestBody",
                      "responses",
                      "security"),
                  strange);
              for (JsonNode parameter : operation.path("parameters")) {
                checkParameter(name, resolved(parameter), strange);
              }
              for (Map.Entry<String, JsonNode> response :
                  operation.path("responses").properties()) {
                checkResponse(name + " " + response.getKey(), response, strange);
              }
              if (operation.has("requestBody")) {
                checkWords(
                    name + " body",
                    operation.path("requestBody"),
                    Set.of("description", "required", "content"),
                    strange);
                checkContent(name + " body", operation.at("/requestBody/content"), strange);
              }
            });

    assertThat(strange).isEmpty();
  }

  @Test
  void shouldDescribeRefusalsWithTheStatusOfTheirCodes() {
    int described = 0;
    for (Map.Entry<String, JsonNode> operation : operations().entrySet()) {
      for (Map.Entry<String, JsonNode> response :
          operation.getValue().path("responses").properties()) {
        JsonNode codes =
            response
                .getValue()
                .at("/content/application~1problem+json/schema/properties/code/enum");
        for (JsonNode code : codes) {
          described++;
          assertThat(response.getKey())
              .as(operation.getKey() + " " + code)
              .isEqualTo(Integer.toString(Problems.statusOf(code.textValue())));
        }
      }
    }
    assertThat(described).isGreaterThan(operations().size());
  }

  @Test
  void shouldOfferWhatTheContractPromisesOfEveryRequest() {
    operations()
        .forEach(
            (name, operation) -> {
              assertThat(parameters(operation))
                  .as(name)
                  .contains("X-Correlation-Id", "traceparent");
              if (name.startsWith("POST ")) {
                assertThat(parameters(operation)).as(name).contains("Idempotency-Key");
              }
              if (name.startsWith("GET /api/")) {
                assertThat(parameters(operation)).as(name).contains("Twinloop-After");
              }
              for (JsonNode response : operation.path("responses")) {
                assertThat(resolved(response).at("/headers/X-Correlation-Id").isMissingNode())
                    .as(name)
                    .isFalse();
              }
            });
  }

  @Test
  void shouldPageEveryList() {
    operations()
        .forEach(
            (name, operation) -> {
              JsonNode schema =
                  resolved(operation.at("/responses/200/content/application~1json/schema"));
              if (schema.path("properties").has("nextCursor")) {
                assertThat(parameters(operation)).as(name).contains("limit", "cursor");
              }
            });
  }

  @TestFactory
  Stream<DynamicTest> shouldGiveExamplesThatSatisfyTheirSchemas() {
    Map<String, String> examples = new LinkedHashMap<>();
    collectExamples(DOCUMENT, "", examples);
    assertThat(examples).hasSizeGreaterThan(40);
    return examples.entrySet().stream()
        .map(
            example ->
                DynamicTest.dynamicTest(
                    example.getKey(),
                    () ->
                        assertThat(
                                OpenApiAnswers.faults(
                                    DOCUMENT.at(example.getValue()), DOCUMENT.at(example.getKey())))
                            .isEmpty()));
  }

  @Test
  void shouldHaveSchemasThatAreSchemas() {
    Schema meta =
        registry().getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
    Set<String> schemas = new TreeSet<>();
    collectSchemas(DOCUMENT, "", schemas);

    assertThat(schemas).hasSizeGreaterThan(100);
    for (String schema : schemas) {
      assertThat(meta.validate(DOCUMENT.at(schema))).as(schema).isEmpty();
    }
  }

  private static SchemaRegistry registry() {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  }

  private static void checkParameter(String where, JsonNode parameter, List<String> strange) {
    checkWords(
        where,
        parameter,
        Set.of("name", "in", "required", "description", "schema", "example"),
        strange);
    boolean inPath = parameter.path("in").asText().equals("path");
    if (!Set.of("path", "query", "header").contains(parameter.path("in").asText())
        || parameter.path("name").asText().isEmpty()
        || !parameter.has("schema")
        || parameter.path("required").asBoolean() != inPath) {
      strange.add(where + ": " + parameter);
    }
  }

  private static void checkResponse(
      String where, Map.Entry<String, JsonNode> response, List<String> strange) {
    JsonNode described = resolved(response.getValue());
    checkWords(where, described, Set.of("description", "headers", "content"), strange);
    if (described.path("description").asText().isBlank()
        || !Pattern.matches("[1-5][0-9][0-9]|default", response.getKey())) {
      strange.add(where + ": " + described);
    }
    checkContent(where, described.path("content"), strange);
  }

  private static void checkContent(String where, JsonNode content, List<String> strange) {
    for (Map.Entry<String, JsonNode> type : content.properties()) {
      checkWords(where, type.getValue(), Set.of("schema", "example", "examples"), strange);
      if (!type.getKey().matches("[a-z]+/[a-z+-]+") || !type.getValue().has("schema")) {
        strange.add(where + ": " + type.getKey());
      }
    }
  }

  private static void checkWords(
      String where, JsonNode object, Set<String> known, List<String> strange) {
    object
        .fieldNames()
        .forEachRemaining(
            word -> {
              if (!known.contains(word)) {
                strange.add(where + " has " + word);
              }
            });
  }

  private static Map<String, JsonNode> operations() {
    Map<String, JsonNode> operations = new LinkedHashMap<>();
    for (Endpoint endpoint : TABLE) {
      String method = endpoint.method().name();
      JsonNode operation =
          DOCUMENT.path("paths").path(endpoint.path()).path(method.toLowerCase(Locale.ROOT));
      if (endpoint.documented()) {
        operations.put(method + " " + endpoint.path(), operation);
      }
    }
    return operations;
  }

  private static Set<String> parameters(JsonNode operation) {
    Set<String> names = new TreeSet<>();
    operation
        .path("parameters")
        .forEach(parameter -> names.add(resolved(parameter).path("name").asText()));
    return names;
  }

  private static JsonNode resolved(JsonNode node) {
    return node.has("$ref")
        ? resolved(DOCUMENT.at(node.path("$ref").textValue().substring(1)))
        : node;
  }

  private static void collectReferences(JsonNode node, Set<String> references) {
    if (node.path("$ref").isTextual()) {
      references.add(node.path("$ref").textValue());
    }
    node.forEach(child -> collectReferences(child, references));
  }

  /** Pointers of examples, each with the pointer of the schema beside it. */
  private static void collectExamples(JsonNode node, String at, Map<String, String> examples) {
    if (node.path("schema").isObject()) {
      if (node.has("example")) {
        examples.put(at + "/example", at + "/schema");
      }
      node.path("examples")
          .fieldNames()
          .forEachRemaining(
              name -> examples.put(at + "/examples/" + escaped(name) + "/value", at + "/schema"));
    }
    eachChild(node, at, (child, pointer) -> collectExamples(child, pointer, examples));
  }

  private static void collectSchemas(JsonNode node, String at, Set<String> schemas) {
    if (node.path("schema").isObject()) {
      schemas.add(at + "/schema");
    }
    if (at.equals("/components/schemas")) {
      node.fieldNames().forEachRemaining(name -> schemas.add(at + "/" + escaped(name)));
    }
    eachChild(node, at, (child, pointer) -> collectSchemas(child, pointer, schemas));
  }

  private interface Visit {
    void child(JsonNode node, String pointer);
  }

  private static void eachChild(JsonNode node, String at, Visit visit) {
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      visit.child(field.getValue(), at + "/" + escaped(field.getKey()));
    }
    if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        visit.child(node.get(i), at + "/" + i);
      }
    }
  }

  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }
}
