package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The scenarios of the standard's conformance kit, read from its feature files. */
class ConformanceKitTest {

  private static final Path FEATURES = SharedData.folder("serverless-workflow/ctk/features");
  private static final Pattern QUOTED = Pattern.compile("'([^']*)'");
  private static final Pattern AFTER = Pattern.compile("And (\\S+) should run after (\\S+)");

  @TestFactory
  Stream<DynamicTest> shouldConform() throws IOException {
    assumeTrue(Files.isDirectory(FEATURES), () -> "Skipped: no conformance kit at " + FEATURES);
    return scenarios().stream()
        .map(scenario -> DynamicTest.dynamicTest(scenario.name, () -> check(scenario)));
  }

  @Test
  void shouldLeaveOutOnlyScenariosOfTasksNotSupported() throws IOException {
    assumeTrue(Files.isDirectory(FEATURES), () -> "Skipped: no conformance kit at " + FEATURES);
    List<String> leftOut =
        scenarios().stream()
            .filter(scenario -> WorkflowModel.parse(scenario.definition) instanceof Parsed.Invalid)
            .map(scenario -> scenario.name)
            .toList();

    assertThat(scenarios()).hasSize(21);
    assertThat(leftOut)
        .containsExactlyInAnyOrder(
            "Fork Task With Competing Concurrent Sub Tasks",
            "For Task",
            "Call OpenAPI With Content Output",
            "Call OpenAPI With Response Output");
  }

  private static void check(Scenario scenario) {
    if (WorkflowModel.parse(scenario.definition) instanceof Parsed.Invalid invalid) {
      abort("Not supported: " + scenario.name + ", " + invalid.problems());
    }
    Instance instance = Instance.of(scenario.definition).start(scenario.input);
    InMemoryHttp http = new InMemoryHttp();
    while (!instance.execution.ended()) {
      Execution.PendingCall call = instance.execution.pendingCalls().get(0);
      instance.send(Signal.of(call.ref(), http.answer(call.call())));
    }
    assertThat(scenario.expectations).isNotEmpty();
    scenario.expectations.forEach(expectation -> expectation.check(instance));
  }

  private static List<Scenario> scenarios() throws IOException {
    List<Scenario> scenarios = new ArrayList<>();
    try (Stream<Path> files = Files.list(FEATURES)) {
      for (Path file : files.sorted().toList()) {
        scenarios.addAll(Scenario.read(Files.readAllLines(file)));
      }
    }
    return scenarios;
  }

  /** A sentence of a scenario, with the text block under it, that says what should be. */
  private record Expectation(String sentence, JsonNode block) {

    void check(Instance instance) {
      List<String> quoted =
          QUOTED.matcher(sentence).results().map(found -> found.group(1)).toList();
      Matcher after = AFTER.matcher(sentence);
      if (sentence.endsWith("should complete")) {
        assertThat(instance.execution.status()).isEqualTo(Execution.Status.COMPLETED);
      } else if (sentence.endsWith("should complete with output:")) {
        assertThat(instance.output()).isEqualTo(block);
      } else if (sentence.endsWith("should fault")) {
        assertThat(instance.execution.status()).isEqualTo(Execution.Status.FAULTED);
      } else if (sentence.endsWith("should fault with error:")) {
        assertThat((JsonNode) instance.error().toJson()).isEqualTo(block);
      } else if (sentence.contains("should have properties")) {
        assertThat(quoted).isNotEmpty();
        quoted.forEach(path -> assertThat(at(instance, path).isMissingNode()).as(path).isFalse());
      } else if (sentence.contains("property with value:")) {
        assertThat(at(instance, quoted.get(0))).isEqualTo(block);
      } else if (sentence.endsWith("should run first")) {
        assertThat(instance.history().get(0)).isEqualTo(taskIn(sentence) + " started");
      } else if (sentence.endsWith("should run last")) {
        List<String> history = instance.history();
        assertThat(history.get(history.size() - 1)).isEqualTo(taskIn(sentence) + " completed");
      } else if (after.matches()) {
        assertThat(instance.history())
            .containsSubsequence(after.group(2) + " completed", after.group(1) + " started");
      } else {
        throw new AssertionError("A sentence this test does not understand: " + sentence);
      }
    }

    /** The task of "And setRed should run first". */
    private static String taskIn(String sentence) {
      return sentence.substring("And ".length(), sentence.indexOf(" should"));
    }

    private static JsonNode at(Instance instance, String path) {
      return instance.output().at("/" + path.replace('.', '/'));
    }
  }

  /** One scenario, as far as this test speaks Gherkin. */
  private static final class Scenario {
    private final String name;
    private String definition = "";
    private JsonNode input = NullNode.instance;
    private final List<Expectation> expectations = new ArrayList<>();

    private Scenario(String name) {
      this.name = name;
    }

    static List<Scenario> read(List<String> lines) {
      List<Scenario> scenarios = new ArrayList<>();
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i).strip();
        if (line.startsWith("Scenario:")) {
          scenarios.add(new Scenario(line.substring("Scenario:".length()).strip()));
        }
        if (scenarios.isEmpty() || line.isEmpty() || line.startsWith("#") || line.startsWith("S")) {
          continue;
        }
        StringBuilder block = new StringBuilder();
        if (i + 1 < lines.size() && lines.get(i + 1).strip().startsWith("\"\"\"")) {
          for (i += 2; !lines.get(i).strip().equals("\"\"\""); i++) {
            block.append(lines.get(i)).append('\n');
          }
        }
        scenarios.get(scenarios.size() - 1).add(line, block.toString());
      }
      return scenarios;
    }

    private void add(String sentence, String block) {
      if (sentence.startsWith("Given a workflow")) {
        definition = block.stripIndent();
      } else if (sentence.contains("workflow input is")) {
        input = Instance.yaml(block);
      } else if (sentence.contains("should")) {
        expectations.add(new Expectation(sentence, Instance.yaml(block)));
      } else if (!sentence.startsWith("When the workflow is executed")) {
        throw new AssertionError("A sentence this test does not understand: " + sentence);
      }
    }
  }
}
