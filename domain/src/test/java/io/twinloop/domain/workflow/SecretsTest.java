package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Workflows name secrets; the secrets themselves never get into what they keep. */
class SecretsTest {

  private static final String ORDER =
      """
      use:
        secrets: [erp, erp-key]
        authentications: {site: {basic: {use: erp}}}
      do:
        - order:
            call: http
            with:
              method: post
              endpoint: {uri: 'https://erp.example/orders', authentication: {use: site}}
              headers: {X-Api-Key: '${ $secrets["erp-key"] }', X-Unit: '${ .unit }'}
              body: {unit: '${ .unit }'}
      """;

  @Test
  void shouldKeepTheNameOfASecretAndNotItself() {
    HttpCall call = callOf(ORDER);

    assertThat(call.authentication())
        .isEqualTo(
            new HttpCall.Basic(
                Credential.of(new SecretRef("erp", "username")),
                Credential.of(new SecretRef("erp", "password"))));
    assertThat(call.headers()).isEqualTo(Map.of("X-Unit", "sales"));
    assertThat(call.secretHeaders()).isEqualTo(Map.of("X-Api-Key", new SecretRef("erp-key", null)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{bearer: {use: s}} | s | ",
        "{bearer: {token: '${ $secrets.s }'}} | s | ",
        "{bearer: {token: '${$secrets.s.field}'}} | s | field",
        "{bearer: {token: '${ $secrets[\"a-b.c\"][\"d e\"] }'}} | a-b.c | d e",
      })
  void shouldReadEveryWayToNameASecret(String policy, String name, String field) {
    HttpCall call =
        callOf(
            """
            use: {secrets: [s, a-b.c]}
            do:
              - a: {call: http, with: {method: get, endpoint: {uri: 'https://h', authentication: %s}}}
            """
                .formatted(policy));

    assertThat(call.authentication())
        .isEqualTo(new HttpCall.Bearer(Credential.of(new SecretRef(name, field))));
  }

  @Test
  void shouldMixATextWithASecret() {
    HttpCall call =
        callOf(
            """
            use: {secrets: [s]}
            do:
              - a:
                  call: http
                  with:
                    method: get
                    endpoint:
                      uri: https://h
                      authentication: {basic: {username: '${ .unit }', password: '${ $secrets.s }'}}
            """);

    assertThat(call.authentication())
        .isEqualTo(
            new HttpCall.Basic(Credential.of("sales"), Credential.of(new SecretRef("s", null))));
  }

  /** What comes in as data names no secret, whatever it looks like. */
  @Test
  void shouldNotTakeDataForTheNameOfASecret() {
    HttpCall call =
        Instance.running(
                """
                use: {secrets: [s]}
                do:
                  - a:
                      call: http
                      with:
                        method: get
                        endpoint: {uri: 'https://h', authentication: {bearer: {token: '${ .v }'}}}
                        headers: {X-A: '${ .v }'}
                        body: '${ .v }'
                """,
                "{v: '${ $secrets.s }'}")
            .only(Step.CallRequested.class)
            .call();

    assertThat(call.authentication()).isEqualTo(HttpCall.Bearer.with("${ $secrets.s }"));
    assertThat(call.headers()).containsEntry("X-A", "${ $secrets.s }");
    assertThat(call.secretHeaders()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "- a: {set: {x: '${ $secrets.s }'}} | /do/0/a/set/x",
        "- a: {set: {x: '${ $secrets }'}} | /do/0/a/set/x",
        "- a: {call: notify, with: {channel: log, message: '${ $secrets.s }'}} | /do/0/a/with/message",
        "- a: {call: http, with: {method: get, endpoint: 'https://h', body: {x: '${ $secrets.s }'}}} | /do/0/a/with/body/x",
        "- a: {call: http, with: {method: get, endpoint: 'https://h', query: {x: '${ $secrets.s }'}}} | /do/0/a/with/query/x",
        "- a: {call: http, with: {method: get, endpoint: '${ $secrets.s }'}} | /do/0/a/with/endpoint",
        "- a: {call: http, with: {method: get, endpoint: 'https://h', headers: {X: '${ \"k \" + $secrets.s }'}}} | /do/0/a/with/headers/X",
        "- a: {call: http, with: {method: get, endpoint: 'https://h', headers: {X: '${ $secrets.t }'}}} | /do/0/a/with/headers/X",
        "- a: {call: http, with: {method: get, endpoint: {uri: 'https://h', authentication: {bearer: {use: t}}}}} | /do/0/a/with/endpoint/authentication/bearer/use",
        "- a: {call: http, with: {method: get, endpoint: {uri: 'https://h', authentication: {bearer: {token: '${ $secrets.t }'}}}}} | /do/0/a/with/endpoint/authentication/bearer/token",
        "- a: {if: '$secrets.s == 1', set: {x: 1}} | /do/0/a/if",
      })
  void shouldRefuseASecretWhereItWouldBeKeptOrIsNotDeclared(String tasks, String pointer) {
    Parsed parsed = WorkflowModel.parse(Instance.definition("use: {secrets: [s]}\ndo:\n" + tasks));

    assertThat(parsed).isInstanceOf(Parsed.Invalid.class);
    assertThat(((Parsed.Invalid) parsed).problems())
        .extracting(Problem::pointer)
        .containsExactly(pointer);
  }

  @ParameterizedTest
  @CsvSource({"../etc", "a/b", ".hidden", "1st", "a b", "-"})
  void shouldRefuseANameThatCouldLeadElsewhere(String name) {
    Parsed parsed =
        WorkflowModel.parse(
            Instance.definition("use: {secrets: ['" + name + "']}\ndo:\n- a: {set: {x: 1}}"));

    assertThat(((Parsed.Invalid) parsed).problems())
        .extracting(Problem::pointer)
        .containsExactly("/use/secrets/0");
  }

  static List<ObjectMapper> mappers() {
    return List.of(
        JsonMapper.builder().addModule(new JavaTimeModule()).build(),
        CBORMapper.builder().addModule(new JavaTimeModule()).build());
  }

  @ParameterizedTest
  @MethodSource("mappers")
  void shouldReadBackACallWithSecretsAndOneOfAnEarlierRelease(ObjectMapper mapper)
      throws IOException {
    HttpCall call = callOf(ORDER);
    byte[] earlier =
        mapper.writeValueAsBytes(
            Map.of(
                "method",
                "GET",
                "endpoint",
                "https://h",
                "headers",
                Map.of(),
                "query",
                Map.of(),
                "output",
                "CONTENT",
                "redirect",
                false,
                "authentication",
                Map.of("type", "basic", "username", "erp", "password", "pass-word")));

    assertThat(mapper.readValue(mapper.writeValueAsBytes(call), HttpCall.class)).isEqualTo(call);
    HttpCall read = mapper.readValue(earlier, HttpCall.class);
    assertThat(read.authentication()).isEqualTo(HttpCall.Basic.with("erp", "pass-word"));
    assertThat(read.toString()).doesNotContain("pass-word");
  }

  @Test
  void shouldBeOneOrTheOther() {
    assertThatThrownBy(() -> new Credential(null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Credential("text", new SecretRef("s", null)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static HttpCall callOf(String tasks) {
    return Instance.running(tasks, "{unit: sales}").only(Step.CallRequested.class).call();
  }
}
