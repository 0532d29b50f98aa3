package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkflowModelTest {

  @Test
  void shouldReadADefinitionInYamlOrJson() {
    String yaml = Instance.definition("- a: {set: {x: 1}}");
    WorkflowModel fromYaml = Instance.model(yaml);
    WorkflowModel fromJson = Instance.model(Instance.yaml(yaml).toString());

    assertThat(fromYaml).hasToString("test/story:1.0.0");
    assertThat(fromYaml.namespace()).isEqualTo("test");
    assertThat(fromYaml.name()).isEqualTo("story");
    assertThat(fromYaml.version()).isEqualTo("1.0.0");
    assertThat(fromJson.document()).isEqualTo(fromYaml.document());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "- a: {for: {each: x, in: .xs}, do: []} | /do/0/a/for",
        "- a: {fork: {branches: []}} | /do/0/a/fork",
        "- a: {listen: {to: {any: []}}} | /do/0/a/listen",
        "- a: {run: {shell: {command: ls}}} | /do/0/a/run",
        "- a: {run: {workflow: {namespace: n, name: w, version: latest}}} | /do/0/a/run/await",
        "- a: {call: grpc, with: {}} | /do/0/a/call",
        "- a: {call: openapi, with: {}} | /do/0/a/call",
        "- a: {call: mcp, with: {}} | /do/0/a/call",
        "- a: {do: [{b: {call: sendFax}}]} | /do/0/a/do/0/b/call",
        "- a: {try: [], catch: {retry: {limit: {attempt: {duration: PT1S}}}}}"
            + " | /do/0/a/catch/retry/limit/attempt/duration",
        "- a: {call: http, with: {method: get, endpoint: {uri: 'http://h', authentication: {oauth2: {}}}}}"
            + " | /do/0/a/with/endpoint/authentication/oauth2",
      })
  void shouldRefuseWhatItCannotRunAndSaySo(String tasks, String pointer) {
    List<Problem> problems = problemsOf(Instance.definition(tasks));

    assertThat(problems).extracting(Problem::pointer).containsExactly(pointer);
    assertThat(problems.get(0).detail()).containsAnyOf("not supported", "Only basic");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "- a: {set: {}} | /do/0/a/set",
        "- a: {set: plain} | /do/0/a/set",
        "- a: {st: {x: 1}} | /do/0/a",
        "- a: {set: {x: '${ .a + }'}} | /do/0/a/set/x",
        "- a: {if: '.a ==', set: {x: 1}} | /do/0/a/if",
        "- a: {set: {x: 1}, then: nowhere} | /do/0/a/then",
        "- a: {do: [{b: {set: {x: 1}, then: a}}]} | /do/0/a/do/0/b/then",
        "- a: {switch: [{x: {then: a}}, {y: {then: end}}]} | /do/0/a/switch/1/y",
        "- a: {try: [], catch: {retry: none}} | /do/0/a/catch/retry",
        "- a: {try: [], catch: {retry: {delay: P1M}}} | /do/0/a/catch/retry/delay",
        "- a: {try: [], catch: {retry: {backoff: {linear: {by: 2}}}}} | /do/0/a/catch/retry/backoff/linear",
        "- a: {raise: {error: none}} | /do/0/a/raise/error",
        "- a: {wait: {minute: 5}} | /do/0/a/wait",
        "- a: {set: {x: 1}, timeout: none} | /do/0/a/timeout",
        "- a: {set: {x: 1}, input: {schema: {document: {type: 7}}}} | /do/0/a/input/schema/document/type",
        "- a: {set: {x: 1}, input: {schema: {resource: {endpoint: 'http://h'}}}} | /do/0/a/input/schema",
        "- a: {call: http, with: {method: get}} | /do/0/a/with",
        "- a: {call: notify, with: {channel: pigeon, message: x}} | /do/0/a/with/channel",
        "- a: {call: humanTask, with: {titel: x, title: x}} | /do/0/a/with/titel",
        "- a: {call: humanTask, with: {title: x, form: {type: 5}}} | /do/0/a/with/form/type",
        "- a: {call: humanTask, with: {title: x, dueAfter: soon}} | /do/0/a/with/dueAfter",
        "- a: {call: readKpi, with: {}} | /do/0/a/with",
        "- a: {emit: {event: {with: {type: t, EntityType: x}}}} | /do/0/a/emit/event/with/EntityType",
        "- a~/b: {set: {x: '${ ) }'}} | /do/0/a~0~1b/set/x",
      })
  void shouldRefuseAMistakeAtItsPlace(String tasks, String pointer) {
    assertThat(problemsOf(Instance.definition(tasks)))
        .extracting(Problem::pointer)
        .containsExactly(pointer);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "just text",
        "{\"document\":",
        "a: b: c",
        "a: 1\na: 2",
        "{\"a\": 1} {\"b\": 2}",
        "do: 5",
        "do: []",
        "document: {dsl: '1.0.3', namespace: n, name: a b, version: '1.0.0'}\ndo: []",
        "document: {dsl: '2.0.0', namespace: n, name: n, version: '1.0.0'}\ndo: []",
        "document: {dsl: '1.0.3', namespace: n, name: n, version: '1.0.0'}\ndo: []\nextra: 1",
        "document: {dsl: '1.0.3', namespace: n, name: n, version: '1.0.0'}\ndo: []\nuse: {secrets: [../s]}",
      })
  void shouldRefuseWhatIsNoDefinition(String source) {
    assertThat(problemsOf(source)).isNotEmpty().allMatch(problem -> !problem.detail().isBlank());
  }

  @Test
  void shouldRefuseADefinitionThatIsTooLarge() {
    assertThat(problemsOf("x".repeat(2_000_000)))
        .singleElement()
        .satisfies(problem -> assertThat(problem.detail()).contains("1 MiB"));
  }

  @Test
  void shouldRefuseAnAmbiguousTargetOnlyWhereItIsUsed() {
    String twice = "- a: {set: {x: 1}}\n- a: {set: {x: 2}}\n";
    assertThat(WorkflowModel.parse(Instance.definition(twice))).isInstanceOf(Parsed.Valid.class);
    assertThat(problemsOf(Instance.definition(twice + "- b: {set: {x: 3}, then: a}")))
        .extracting(Problem::pointer)
        .containsExactly("/do/2/b/then");
  }

  @Test
  void shouldReadTheExamplesOfTheStandardOrSayWhyNot() throws IOException {
    Path examples = SharedData.folder("serverless-workflow/examples");
    assumeTrue(Files.isDirectory(examples), () -> "Skipped: no examples at " + examples);
    int valid = 0;
    try (Stream<Path> files = Files.list(examples)) {
      for (Path file : files.toList()) {
        Parsed parsed = WorkflowModel.parse(Files.readString(file));
        if (parsed instanceof Parsed.Invalid invalid) {
          assertThat(invalid.problems())
              .as(file.toString())
              .allMatch(problem -> problem.detail().matches(".*(not supported|Only basic).*"));
        } else {
          valid++;
        }
      }
    }
    assertThat(valid).isEqualTo(15);
  }

  private static List<Problem> problemsOf(String source) {
    Parsed parsed = WorkflowModel.parse(source);
    assertThat(parsed).isInstanceOf(Parsed.Invalid.class);
    return ((Parsed.Invalid) parsed).problems();
  }
}
