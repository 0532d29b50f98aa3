package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JSON Merge Patch. */
class MergePatchTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The examples of RFC 7396, appendix A. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"a":"b"}              | {"a":"c"}              | {"a":"c"}
          {"a":"b"}              | {"b":"c"}              | {"a":"b","b":"c"}
          {"a":"b"}              | {"a":null}             | {}
          {"a":"b","b":"c"}      | {"a":null}             | {"b":"c"}
          {"a":["b"]}            | {"a":"c"}              | {"a":"c"}
          {"a":"c"}              | {"a":["b"]}            | {"a":["b"]}
          {"a":{"b":"c"}}        | {"a":{"b":"d","c":null}} | {"a":{"b":"d"}}
          {"a":[{"b":"c"}]}      | {"a":[1]}              | {"a":[1]}
          ["a","b"]              | ["c","d"]              | ["c","d"]
          {"a":"b"}              | ["c"]                  | ["c"]
          {"a":"foo"}            | null                   | null
          {"a":"foo"}            | "bar"                  | "bar"
          {"e":null}             | {"a":1}                | {"e":null,"a":1}
          [1,2]                  | {"a":"b","c":null}     | {"a":"b"}
          {}                     | {"a":{"bb":{"ccc":null}}} | {"a":{"bb":{}}}
          """)
  void shouldPatchAsTheRfcShows(String target, String patch, String expected) throws Exception {
    JsonNode original = JSON.readTree(target);
    JsonNode change = JSON.readTree(patch);

    assertThat(MergePatch.apply(original, change)).isEqualTo(JSON.readTree(expected));
    assertThat(original).as("not changed itself").isEqualTo(JSON.readTree(target));
    assertThat(change).as("not changed itself").isEqualTo(JSON.readTree(patch));
  }

  @Test
  void shouldShareNothingWithWhatItWasMadeOf() throws JsonProcessingException {
    JsonNode target = JSON.readTree("{\"a\":{\"b\":1}}");
    JsonNode patch = JSON.readTree("{\"c\":[1]}");

    JsonNode patched = MergePatch.apply(target, patch);

    assertThat(patched.get("a")).isNotSameAs(target.get("a"));
    assertThat(patched.get("c")).isNotSameAs(patch.get("c"));
  }
}
