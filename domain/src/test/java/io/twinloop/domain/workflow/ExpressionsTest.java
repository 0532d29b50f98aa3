package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExpressionsTest {

  private final Expressions expressions = new Expressions();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "${ .a } | 1",
        ".a | 1",
        ".missing | null",
        "empty | null",
        ".list[] | [1,2]",
        "nan | null",
        "[infinite] | [1.7976931348623157E308]",
        "$context.x | 7",
        "now | 1.772442E9",
        "\"v \\(.a)\" | \"v 1\"",
        "$workflow_millis / 1000 | 1772442000",
      })
  void shouldEvaluate(String expression, String expected) {
    assertThat(evaluate(expression).toString()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ".a + [1]",
        "$unknown",
        "nosuchfunction",
        "env.PATH",
        "$ENV",
        "input",
        "def f: f; f",
        "[range(1000000000)]",
        "error(\"no\")",
      })
  void shouldRaiseAnExpressionErrorThatQuotesIt(String expression) {
    assertThatThrownBy(() -> evaluate(expression))
        .isInstanceOfSatisfying(
            Fault.class,
            fault -> {
              assertThat(fault.error().type()).isEqualTo(WorkflowError.EXPRESSION);
              assertThat(fault.error().status()).isEqualTo(400);
              assertThat(fault.error().detail()).contains(expression);
            });
  }

  @Test
  void shouldResolveOnlyWhollyEnclosedStringsInData() {
    JsonNode template =
        Instance.yaml("{a: '${ .a }', b: .a, c: 'x ${ .a }', d: [1, ' ${.a} '], e: true}");

    assertThat(expressions.resolve(template, Instance.yaml("{a: 5}"), arguments()))
        .isEqualTo(Instance.yaml("{a: 5, b: .a, c: 'x ${ .a }', d: [1, 5], e: true}"));
  }

  @Test
  void shouldHoldUnlessFalseOrNull() {
    assertThat(expressions.holds("0", Instance.yaml("{}"), arguments())).isTrue();
    assertThat(expressions.holds(".x", Instance.yaml("{}"), arguments())).isFalse();
    assertThat(expressions.holds("false", Instance.yaml("{}"), arguments())).isFalse();
  }

  private JsonNode evaluate(String expression) {
    return expressions.evaluate(expression, Instance.yaml("{a: 1, list: [1, 2]}"), arguments());
  }

  private static Expressions.Arguments arguments() {
    return new Expressions.Arguments(
        Map.of(
            "context", () -> Instance.yaml("{x: 7}"),
            "workflow_millis", () -> LongNode.valueOf(1_772_442_000_000L)),
        Instant.parse("2026-03-02T09:00:00Z"));
  }
}
