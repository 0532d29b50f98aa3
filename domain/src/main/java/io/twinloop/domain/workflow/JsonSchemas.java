package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.PathType;
import io.twinloop.domain.personaldata.PersonalToken;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Checks of JSON data against JSON schemas (2020-12 unless a schema says otherwise). References
 * resolve inside the schema only: nothing is ever fetched.
 */
final class JsonSchemas {

  private static final String META_SCHEMA = "https://json-schema.org/draft/2020-12/schema";

  private static final Set<String> CHOICE_SUMMARIES = Set.of("oneOf", "anyOf");
  private static final Set<String> CHOICE_KEYWORDS = Set.of("oneOf", "anyOf", "type");

  private static final SchemaRegistryConfig CONFIG =
      SchemaRegistryConfig.builder()
          .pathType(PathType.JSON_POINTER)
          .locale(Locale.ENGLISH)
          .formatAssertionsEnabled(true)
          .build();

  private static final Schema META = registry().getSchema(SchemaLocation.of(META_SCHEMA));

  private JsonSchemas() {}

  /** Compiles a schema, trusted to be one; see {@link #problemsOfSchema}. */
  static Schema compile(JsonNode schema) {
    return registry().getSchema(schema);
  }

  /** What is wrong with a schema itself, the pointers being into the schema. */
  static List<Problem> problemsOfSchema(JsonNode schema) {
    if (schema.isBoolean()) {
      return List.of();
    }
    List<Problem> problems = problems(META, schema);
    if (!problems.isEmpty()) {
      return problems;
    }
    try {
      compile(schema).initializeValidators();
      return List.of();
    } catch (RuntimeException e) {
      return List.of(new Problem("", "The schema can't be used: " + e.getMessage()));
    }
  }

  /**
   * What is wrong with the data by the schema, the pointers being into the data. A value that is
   * sealed fits wherever it stands: it was looked at in clear, before it was sealed.
   */
  static List<Problem> problems(JsonNode schema, JsonNode data) {
    return problems(compile(schema), data);
  }

  static List<Problem> problems(Schema schema, JsonNode data) {
    try {
      List<Error> errors = schema.validate(data);
      return errors.stream()
          .filter(error -> !isNoise(error, errors) && !isSealed(data.at(pointer(error))))
          .map(error -> new Problem(pointer(error), sentence(error)))
          .distinct()
          .toList();
    } catch (RuntimeException e) {
      // An unresolvable reference shows only when the validator gets there.
      return List.of(new Problem("", "The schema can't be applied: " + e.getMessage()));
    }
  }

  /**
   * True for what a validator says besides the mistake itself: that no alternative fits, that the
   * other alternatives want another type, that what holds a mistake was not understood.
   */
  private static boolean isNoise(Error error, List<Error> errors) {
    return switch (error.getKeyword()) {
      case "oneOf", "anyOf" ->
          errors.stream()
              .anyMatch(
                  each ->
                      !CHOICE_SUMMARIES.contains(each.getKeyword()) && isAtOrUnder(each, error));
      case "type" ->
          errors.stream()
              .anyMatch(
                  each ->
                      isAtOrUnder(each, error)
                          && (!CHOICE_KEYWORDS.contains(each.getKeyword())
                              || !pointer(each).equals(pointer(error))));
      case "unevaluatedProperties" ->
          errors.stream()
              .anyMatch(each -> !pointer(each).equals(pointer(error)) && isAtOrUnder(each, error));
      default -> false;
    };
  }

  private static boolean isSealed(JsonNode value) {
    return value.isTextual() && PersonalToken.is(value.textValue());
  }

  private static String sentence(Error error) {
    boolean unknown =
        error.getKeyword().equals("unevaluatedProperties")
            || error.getKeyword().equals("additionalProperties");
    return unknown && error.getProperty() != null
        ? "'" + error.getProperty() + "' is not known here"
        : error.getMessage();
  }

  private static boolean isAtOrUnder(Error error, Error holder) {
    String place = pointer(error);
    String held = pointer(holder);
    return place.equals(held) || place.startsWith(held + "/");
  }

  private static String pointer(Error error) {
    return error.getInstanceLocation().toString();
  }

  private static SchemaRegistry registry() {
    return SchemaRegistry.withDefaultDialect(
        SpecificationVersion.DRAFT_2020_12,
        registry ->
            registry
                .schemaRegistryConfig(CONFIG)
                .schemaLoader(loader -> loader.fetchRemoteResources(false)));
  }
}
