package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.twinloop.http.TestServer.Reply;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Holds real answers against the OpenAPI document: status, type, headers, body. */
public final class OpenApiAnswers {

  private static final JsonNode DOCUMENT = OpenApiDocument.load().json();

  private OpenApiAnswers() {}

  /** The answer, after checking that the document describes it for this operation. */
  public static Reply described(String method, String path, Reply reply) {
    String name = method + " " + path + " " + reply.statusCode();
    JsonNode operation = DOCUMENT.path("paths").path(path).path(method.toLowerCase(Locale.ROOT));
    JsonNode response = operation.path("responses").path(Integer.toString(reply.statusCode()));
    if (response.has("$ref")) {
      response = DOCUMENT.at(response.path("$ref").textValue().substring(1));
    }
    assertThat(response.isObject()).as(name + " is described").isTrue();
    for (String header : List.of("ETag", "Location", "Twinloop-Position")) {
      assertThat(response.path("headers").has(header) || !hasHeader(reply, header))
          .as(name + " may have " + header)
          .isTrue();
    }
    if (reply.body().isEmpty()) {
      assertThat(response.has("content")).as(name + " has a body").isFalse();
      return reply;
    }
    String type = reply.headers().firstValue("Content-Type").orElseThrow();
    JsonNode schema = response.path("content").path(type).path("schema");
    assertThat(schema.isObject()).as(name + " may be " + type).isTrue();
    assertThat(faults(schema, Json.read(reply.body().getBytes(StandardCharsets.UTF_8))))
        .as(name + " " + reply.body())
        .isEmpty();
    return reply;
  }

  /** What is wrong with a value by a schema of the document. */
  static List<String> faults(JsonNode schema, JsonNode value) {
    ObjectNode root = schema.deepCopy();
    root.set("components", DOCUMENT.path("components"));
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(root)
        .validate(value)
        .stream()
        .map(Error::toString)
        .toList();
  }

  private static boolean hasHeader(Reply reply, String header) {
    return reply.headers().firstValue(header).isPresent();
  }
}
