package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.PathType;
import java.util.List;
import java.util.Locale;

/**
 * Checks of JSON data against JSON schemas (2020-12 unless a schema says otherwise). References
 * resolve inside the schema only: nothing is ever fetched.
 */
final class JsonSchemas {

  private static final String META_SCHEMA = "https://json-schema.org/draft/2020-12/schema";

  private static final SchemaRegistryConfig CONFIG =
      SchemaRegistryConfig.builder()
          .pathType(PathType.JSON_POINTER)
          .locale(Locale.ENGLISH)
          .formatAssertionsEnabled(true)
          .build();

  private static final Schema META =
      registry().getSchema(SchemaLocation.of(META_SCHEMA));

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

  /** What is wrong with the data by the schema, the pointers being into the data. */
  static List<Problem> problems(JsonNode schema, JsonNode data) {
    return problems(compile(schema), data);
  }

  static List<Problem> problems(Schema schema, JsonNode data) {
    try {
      return schema.validate(data).stream().map(JsonSchemas::problem).distinct().toList();
    } catch (RuntimeException e) {
      // An unresolvable reference shows only when the validator gets there.
      return List.of(new Problem("", "The schema can't be applied: " + e.getMessage()));
    }
  }

  private static Problem problem(Error error) {
    return new Problem(error.getInstanceLocation().toString(), error.getMessage());
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
