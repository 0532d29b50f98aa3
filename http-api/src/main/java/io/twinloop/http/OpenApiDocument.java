package io.twinloop.http;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.twinloop.domain.identity.AccessRule;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/**
 * The OpenAPI 3.1 document, put together at start from one file per context.
 *
 * <p>{@code openapi/openapi.yaml} holds what all share and names the other files under {@code
 * x-parts}; each part adds tags, paths and components, and {@link OpenApiOperations} what they have
 * in common. A path, operation or component that two files define, a {@code $ref} to nothing or a
 * refusal without a status fails the start.
 */
public final class OpenApiDocument {

  private static final AccessRule OPEN = AccessRule.open("it describes the API and holds no data");

  private static final ObjectMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final String FOLDER = "/openapi/";
  private static final String PARTS = "x-parts";

  private final ObjectNode document;
  private final byte[] bytes;
  private final String etag;

  private OpenApiDocument(ObjectNode document) {
    this.document = document;
    this.bytes = Json.bytes(document);
    this.etag = "\"" + sha256(bytes).substring(0, 16) + "\"";
  }

  /** Reads {@code openapi/openapi.yaml} and its parts from the class path. */
  public static OpenApiDocument load() {
    return load("openapi.yaml");
  }

  static OpenApiDocument load(String base) {
    ObjectNode document = read(base);
    JsonNode parts = document.remove(PARTS);
    if (parts != null) {
      for (JsonNode part : parts) {
        merge(document, read(part.textValue()), part.textValue());
      }
    }
    OpenApiOperations.complete(document);
    requireReferences(document, document);
    return new OpenApiDocument(document);
  }

  /** The document as a tree; a copy. */
  public JsonNode json() {
    return document.deepCopy();
  }

  /** {@code GET /openapi.json}. */
  public Endpoint endpoint() {
    return Endpoint.get("/openapi.json", OPEN, this::answer);
  }

  private CompletionStage<HttpResponse> answer(Call call) {
    boolean known = call.header("If-None-Match").filter(etag::equals).isPresent();
    HttpResponse answer =
        known
            ? HttpResponse.create().withStatus(304).withEntity(HttpEntities.EMPTY)
            : Answers.bytes(ContentTypes.APPLICATION_JSON, bytes);
    return CompletableFuture.completedStage(
        answer
            .addHeader(RawHeader.create("ETag", etag))
            .addHeader(RawHeader.create("Cache-Control", "no-cache")));
  }

  private static void merge(ObjectNode document, ObjectNode part, String file) {
    for (Map.Entry<String, JsonNode> section : part.properties()) {
      switch (section.getKey()) {
        case "tags" -> document.withArray("/tags").addAll((ArrayNode) section.getValue());
        case "paths" -> add(document.withObject("/paths"), section.getValue(), 2, file);
        case "components" -> add(document.withObject("/components"), section.getValue(), 2, file);
        default ->
            throw new IllegalStateException(
                FOLDER + file + " may add tags, paths and components, not " + section.getKey());
      }
    }
  }

  /** Adds what stands on so many levels of objects; on the last level nothing may be there yet. */
  private static void add(ObjectNode to, JsonNode from, int levels, String file) {
    for (Map.Entry<String, JsonNode> entry : from.properties()) {
      JsonNode present = to.get(entry.getKey());
      if (present == null) {
        to.set(entry.getKey(), entry.getValue());
      } else if (levels > 1 && present.isObject() && entry.getValue().isObject()) {
        add((ObjectNode) present, entry.getValue(), levels - 1, file);
      } else {
        throw new IllegalStateException(FOLDER + file + " defines " + entry.getKey() + " again");
      }
    }
  }

  private static void requireReferences(JsonNode node, JsonNode document) {
    JsonNode reference = node.get("$ref");
    if (reference != null && reference.isTextual()) {
      String target = reference.textValue();
      if (!target.startsWith("#/") || document.at(target.substring(1)).isMissingNode()) {
        throw new IllegalStateException("The OpenAPI document has nothing at " + target);
      }
    }
    node.forEach(child -> requireReferences(child, document));
  }

  private static ObjectNode read(String file) {
    try (InputStream in = OpenApiDocument.class.getResourceAsStream(FOLDER + file)) {
      if (in == null) {
        throw new IllegalStateException("There is no " + FOLDER + file + " on the class path");
      }
      JsonNode tree = YAML.readTree(in);
      if (tree instanceof ObjectNode object) {
        return object;
      }
      throw new IllegalStateException(FOLDER + file + " is no object");
    } catch (IOException e) {
      throw new UncheckedIOException(FOLDER + file + " can't be read: " + e.getMessage(), e);
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }
}
