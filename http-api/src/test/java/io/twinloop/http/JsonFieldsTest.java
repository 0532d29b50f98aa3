package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fields are read into values; what is wrong is said all at once, each with its place. */
class JsonFieldsTest {

  private enum Polarity {
    HIGHER,
    LOWER
  }

  private record Detector(String type, OptionalDouble sensitivity) {}

  private record Sample(double value, Optional<Instant> at) {}

  private record Kpi(
      String id,
      String name,
      Polarity polarity,
      OptionalDouble target,
      Duration window,
      Optional<Detector> detector,
      List<Sample> samples,
      List<String> tags) {

    Kpi {
      if (name.equals("forbidden")) {
        throw new IllegalArgumentException("A KPI can't be called 'forbidden'.");
      }
    }
  }

  private static Kpi kpi(JsonFields fields) {
    return new Kpi(
        fields.id("id"),
        fields.string("name", 20),
        fields.optionalOneOf("polarity", Polarity.class).orElse(Polarity.HIGHER),
        fields.optionalNumber("target"),
        fields.optionalDuration("window").orElse(Duration.ofDays(1)),
        fields.optionalObject(
            "detector",
            detector ->
                new Detector(detector.string("type"), detector.optionalNumber("sensitivity"))),
        fields.objects(
            "samples",
            3,
            sample -> new Sample(sample.number("value"), sample.optionalInstant("at"))),
        fields.strings("tags", 2));
  }

  @Test
  void shouldReadFieldsIntoAValue() {
    Kpi kpi =
        read(
            """
            {"id": "k:1", "name": "Lead time", "polarity": "LOWER", "target": 5, "window": "90m",
             "detector": {"type": "z", "sensitivity": 2.5},
             "samples": [{"value": 1}, {"value": -1.5, "at": "2026-01-31T08:00:00Z"}],
             "tags": ["a", "b"]}
            """,
            JsonFieldsTest::kpi);

    assertThat(kpi)
        .isEqualTo(
            new Kpi(
                "k:1",
                "Lead time",
                Polarity.LOWER,
                OptionalDouble.of(5),
                Duration.ofMinutes(90),
                Optional.of(new Detector("z", OptionalDouble.of(2.5))),
                List.of(
                    new Sample(1, Optional.empty()),
                    new Sample(-1.5, Optional.of(Instant.parse("2026-01-31T08:00:00Z")))),
                List.of("a", "b")));
  }

  @Test
  void shouldTakeNullForAbsent() {
    Kpi kpi =
        read(
            """
            {"id": "k", "name": "n", "target": null, "detector": null, "samples": null}
            """,
            JsonFieldsTest::kpi);

    assertThat(kpi.target()).isEmpty();
    assertThat(kpi.detector()).isEmpty();
    assertThat(kpi.samples()).isEmpty();
  }

  @Test
  void shouldSayEverythingThatIsWrongAtOnce() {
    Problem problem =
        refused(
            """
            {"id": "a b", "polarity": "UP", "target": "5", "window": "long",
             "detector": {"sensitivity": true, "typ": 1},
             "samples": [{"value": "1"}, 2, {"value": 1, "at": "1700-01-01T00:00:00Z"}],
             "tags": ["a", 1], "nmae": "x"}
            """,
            JsonFieldsTest::kpi);

    assertThat(problem.status()).isEqualTo(400);
    assertThat(problem.code()).isEqualTo("invalid-fields");
    assertThat(problem.errors())
        .extracting(Problem.Place::pointer)
        .containsExactlyInAnyOrder(
            "/id",
            "/name",
            "/polarity",
            "/target",
            "/window",
            "/detector/type",
            "/detector/sensitivity",
            "/detector/typ",
            "/samples/0/value",
            "/samples/1",
            "/samples/2/at",
            "/tags/1",
            "/nmae");
    assertThat(problem.detail()).contains("and 10 more");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"id\":\"k\"}|The field name is missing.",
        "{\"id\":\"k\",\"name\":null}|The field name is missing.",
        "{\"id\":\"k\",\"name\":\"  \"}|Expected a text that isn't blank.",
        "{\"id\":\"k\",\"name\":7}|Expected a text, not '7'.",
        "{\"id\":\"k\",\"name\":\"xxxxxxxxxxxxxxxxxxxxx\"}|Expected at most 20 characters, not 21.",
      })
  void shouldQuoteTheBadValueAndSayWhatIsExpected(String json, String detail) {
    Problem problem = refused(json, JsonFieldsTest::kpi);

    assertThat(problem.errors()).containsExactly(new Problem.Place("/name", detail));
    assertThat(problem.detail()).isEqualTo("/name: " + detail);
  }

  @Test
  void shouldRefuseTooManyItems() {
    Problem problem =
        refused("{\"id\":\"k\",\"name\":\"n\",\"tags\":[\"a\",\"b\",\"c\"]}", JsonFieldsTest::kpi);

    assertThat(problem.errors())
        .containsExactly(new Problem.Place("/tags", "Expected at most 2 items, not 3."));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '|',
      value = {"[],an array", "1,'1'", "null,null", "\"x\",'x'"})
  void shouldRefuseWhatIsNoObject(String json, String shown) {
    Problem problem = refused(json, JsonFieldsTest::kpi);

    assertThat(problem.errors()).hasSize(1);
    assertThat(problem.errors().get(0).pointer()).isEmpty();
    assertThat(problem.detail()).isEqualTo("Expected an object, not " + shown + ".");
  }

  @ParameterizedTest
  @CsvSource({"1.5", "1e2", "'\"1\"'", "99999999999999999999", "-1", "11"})
  void shouldTakeWholeNumbersWithinBoundsOnly(String number) {
    assertThat(refused("{\"n\":" + number + "}", fields -> fields.integer("n", 0, 10)).errors())
        .extracting(Problem.Place::pointer)
        .containsExactly("/n");
    long ten = read("{\"n\":10}", fields -> fields.integer("n", 0, 10));
    assertThat(ten).isEqualTo(10);
  }

  @Test
  void shouldEscapeNamesInPointers() {
    assertThat(refused("{\"a/b~c\":1}", fields -> "").errors())
        .extracting(Problem.Place::pointer)
        .containsExactly("/a~1b~0c");
  }

  @Test
  void shouldPassOnWhatTheValueItselfRefuses() {
    Problem problem = refused("{\"id\":\"k\",\"name\":\"forbidden\"}", JsonFieldsTest::kpi);

    assertThat(problem.status()).isEqualTo(422);
    assertThat(problem.code()).isEqualTo("invalid-value");
    assertThat(problem.detail()).isEqualTo("A KPI can't be called 'forbidden'.");
  }

  @Test
  void shouldSayTheFieldsThatAreWrongRatherThanWhatFollowsFromThem() {
    Problem problem =
        refused(
            "{\"target\":1}",
            fields -> {
              fields.optionalNumber("target");
              String name = fields.string("name");
              if (name.isEmpty()) {
                throw new IllegalArgumentException("The name is empty.");
              }
              return name;
            });

    assertThat(problem.code()).isEqualTo("invalid-fields");
    assertThat(problem.errors()).hasSize(1);
  }

  @Test
  void shouldNotHideAFaultOfOurs() {
    assertThatThrownBy(
            () ->
                read(
                    "{}",
                    fields -> {
                      throw new NullPointerException("ours");
                    }))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("ours");
  }

  @Test
  void shouldTellAbsentFromNull() {
    boolean asNull = read("{\"a\":null}", fields -> fields.has("a"));
    boolean absent = read("{}", fields -> fields.has("a"));

    assertThat(asNull).isTrue();
    assertThat(absent).isFalse();
  }

  private static <T> T read(String json, Function<JsonFields, T> reader) {
    return JsonFields.read(Json.read(json.getBytes(StandardCharsets.UTF_8)), reader);
  }

  private static <T> Problem refused(String json, Function<JsonFields, T> reader) {
    return catchThrowableOfType(ProblemException.class, () -> read(json, reader)).problem();
  }
}
