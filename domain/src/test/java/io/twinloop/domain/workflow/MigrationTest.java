package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MigrationTest {

  private static final Instance WAITING =
      Instance.running("- outer: {do: [{ask: {call: humanTask, with: {title: Ask}}}]}");

  @Test
  void shouldFindThePositionInAVersionThatDoesMore() {
    WorkflowModel more =
        model("- outer: {do: [{ask: {call: humanTask, with: {title: Who}}}, {b: {set: {x: 1}}}]}");

    assertThat(Migration.obstacle(WAITING.model, more, WAITING.execution)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "- other: {do: [{ask: {call: humanTask, with: {title: Ask}}}]} | '/do/0/outer'",
        "- outer: {do: [{question: {call: humanTask, with: {title: Ask}}}]} | '/do/0/outer/do/0/ask'",
        "- outer: {do: [{ask: {wait: PT1H}}]} | WAIT instead of HUMAN_TASK",
        "- outer: {set: {x: 1}} | '/do/0/outer/do/0/ask'",
      })
  void shouldSayWhichPositionStandsInTheWay(String tasks, String named) {
    assertThat(Migration.obstacle(WAITING.model, model(tasks), WAITING.execution))
        .get()
        .asString()
        .contains(named.replace("''", "'"), "test/story:1.0.0");
  }

  @Test
  void shouldLetARunThatIsNowhereGoAnywhere() {
    assertThat(
            Migration.obstacle(WAITING.model, model("- a: {set: {x: 1}}"), Execution.notStarted()))
        .isEmpty();
  }

  private static WorkflowModel model(String tasks) {
    return Instance.model(Instance.definition(tasks));
  }
}
