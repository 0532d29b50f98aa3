package io.twinloop.integrations.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.outbound.OutboundHttp.Answer;
import io.twinloop.domain.outbound.OutboundHttp.NoAnswer;
import io.twinloop.domain.outbound.OutboundHttp.Reason;
import io.twinloop.domain.outbound.OutboundHttp.Received;
import io.twinloop.domain.outbound.OutboundHttp.Request;
import io.twinloop.domain.workflow.Execution;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.HttpCall;
import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.Stepper;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.domain.workflow.WorkflowModel;
import io.twinloop.domain.workflow.WorkflowRuntime;
import io.twinloop.integrations.secrets.SiteSecrets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A workflow that names secrets, from its definition to the request and back into its steps. */
class WorkflowSecretsTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  @TempDir private Path folder;
  private final List<Request> sent = new ArrayList<>();
  private Function<Request, Answer> server = request -> answer("{\"fine\": true}");

  @BeforeEach
  void putSecrets() throws IOException {
    Files.writeString(
        folder.resolve("erp"), "{\"username\": \"username\", \"password\": \"tréasure-\\\"1\"}");
    Files.writeString(folder.resolve("key"), "treasure-2");
    Files.writeString(folder.resolve("crm"), "{\"token\": \"treasure-3\"}");
  }

  @Test
  void shouldSendWhatTheSecretsSayAndKeepNothingOfIt() {
    List<Step> steps = run("{basic: {use: erp}}", "{X-Api-Key: '${ $secrets.key }'}", "[erp, key]");

    Map<String, String> headers = sent.get(0).headers();
    assertThat(headers.get("authorization"))
        .isEqualTo(
            "Basic " + Base64.getEncoder().encodeToString("username:tréasure-\"1".getBytes(UTF_8)));
    assertThat(headers).containsEntry("x-api-key", "treasure-2");
    assertThat(sent.get(0).credentials()).contains("authorization", "x-api-key");
    assertThat(steps.toString()).contains("erp", "key").doesNotContain("asure-");
  }

  @Test
  void shouldTakeATokenFromAnObjectOrAsItStands() {
    run("{bearer: {use: crm}}", "{}", "[crm]");
    run("{bearer: {use: key}}", "{}", "[key]");

    assertThat(sent)
        .extracting(request -> request.headers().get("authorization"))
        .containsExactly("Bearer treasure-3", "Bearer treasure-2");
  }

  /** Servers that repeat what they are sent are common: echo services, error pages. */
  @Test
  void shouldKeepASecretOutOfHistoryThatTheOtherSideRepeats() {
    server =
        request ->
            new Received(
                200,
                Map.of("content-type", "application/json", "x-seen", "treasure-2"),
                ByteBuffer.wrap(
                    "{\"you\": \"%s\", \"key\": \"%s\", \"pass\": \"tréasure-\\\"1\", \"username\": \"é\"}"
                        .formatted(
                            request.headers().get("authorization"),
                            request.headers().get("x-api-key"))
                        .getBytes(UTF_8)));

    List<Step> steps = run("{basic: {use: erp}}", "{X-Api-Key: '${ $secrets.key }'}", "[erp, key]");

    String encoded = Base64.getEncoder().encodeToString("username:tréasure-\"1".getBytes(UTF_8));
    assertThat(steps.toString())
        .contains(
            "\"you\":\"Basic ***\"", "\"key\":\"***\"", "\"pass\":\"***\"", "\"username\":\"é\"")
        .doesNotContain("asure-", encoded);
  }

  /** JSON has many ways to write a character. */
  @Test
  void shouldKeepASecretOutOfHistoryHoweverItIsEscaped() {
    server =
        request ->
            answer(
                "{\"a\": [{\"\\u0074reasure-2\": \"treasure\\u002D2\"}], \"b\": 1, \"c\": \"fine\"}");

    List<Step> steps =
        run("{bearer: {use: crm}}", "{X-Api-Key: '${ $secrets.key }'}", "[crm, key]");

    assertThat(steps.toString())
        .contains("\"***\":\"***\"", "\"b\":1", "\"c\":\"fine\"")
        .doesNotContain("asure");
  }

  @Test
  void shouldKeepASecretOutOfTheSentenceOfAFailure() {
    server =
        request -> new NoAnswer(Reason.BROKEN, "Unexpected line: treasure-2 is not HTTP", null);

    HttpAnswer answer = call("{bearer: {use: key}}", "{}", "[key]", "");

    assertThat(((HttpAnswer.CallFailed) answer).error().detail())
        .contains("Unexpected line: *** is not HTTP");
  }

  @Test
  void shouldFaultClearlyWhereASecretIsNotKnown() {
    HttpAnswer answer = call("{bearer: {use: nowhere}}", "{}", "[nowhere]", "");

    WorkflowError error = ((HttpAnswer.CallFailed) answer).error();
    assertThat(error.type()).isEqualTo(WorkflowError.CONFIGURATION);
    assertThat(error.detail())
        .contains(
            "'nowhere' is not known here", "TWINLOOP_SECRET_NOWHERE", "twinloop.secrets.folder");
    assertThat(sent).isEmpty();
  }

  @Test
  void shouldFaultClearlyWhereASecretHasNoSuchField() {
    HttpAnswer answer = call("{basic: {use: key}}", "{}", "[key]", "");

    assertThat(((HttpAnswer.CallFailed) answer).error().detail())
        .contains("'key' is no JSON object with a text 'username'")
        .doesNotContain("treasure");
    assertThat(sent).isEmpty();
  }

  @Test
  void shouldNotShowASecretToAHostItIsNotFor() {
    HttpAnswer refused =
        call("{bearer: {use: key}}", "{}", "[key]", "twinloop.secrets.hosts.key = [other.example]");
    HttpAnswer fine =
        call("{bearer: {use: key}}", "{}", "[key]", "twinloop.secrets.hosts.key = [erp.example]");

    assertThat(((HttpAnswer.CallFailed) refused).error().detail())
        .contains("'key' may not go to erp.example");
    assertThat(fine).isInstanceOf(HttpAnswer.Received.class);
    assertThat(sent).hasSize(1);
  }

  /** Takes a workflow through its one call, and answers all it would keep. */
  private List<Step> run(String authentication, String headers, String secrets) {
    WorkflowModel model = model(authentication, headers, secrets);
    List<Step> steps = new ArrayList<>();
    Execution execution = Execution.notStarted();
    for (Step step : started(model)) {
      steps.add(step);
      execution = execution.apply(step, NOON);
    }
    Execution.PendingCall pending = execution.pendingCalls().get(0);
    HttpAnswer answer = execute(pending.call(), "");
    steps.addAll(Stepper.advance(model, execution, Signal.of(pending.ref(), answer), NOON, 1));
    return steps;
  }

  private HttpAnswer call(String authentication, String headers, String secrets, String config) {
    Step.CallRequested requested =
        started(model(authentication, headers, secrets)).stream()
            .filter(Step.CallRequested.class::isInstance)
            .map(Step.CallRequested.class::cast)
            .findFirst()
            .orElseThrow();
    return execute(requested.call(), config);
  }

  private HttpAnswer execute(HttpCall call, String config) {
    SiteSecrets site =
        SiteSecrets.from(
            ConfigFactory.parseString(
                    "twinloop.secrets.folder = \"%s\"\n%s".formatted(folder, config))
                .withFallback(ConfigFactory.load()));
    EgressHttpCalls calls =
        new EgressHttpCalls(
            request -> {
              sent.add(request);
              return CompletableFuture.completedStage(server.apply(request));
            },
            site);
    return calls.execute(call, "key").toCompletableFuture().join();
  }

  private static List<Step> started(WorkflowModel model) {
    return Stepper.start(
        model,
        new WorkflowRuntime("wf-1", "loop-1", NOON, "1"),
        JsonNodeFactory.instance.objectNode(),
        NOON,
        1);
  }

  private static WorkflowModel model(String authentication, String headers, String secrets) {
    Parsed parsed =
        WorkflowModel.parse(
            """
            document: {dsl: '1.0.3', namespace: test, name: order, version: '1.0.0'}
            use: {secrets: %s}
            do:
              - order:
                  call: http
                  with:
                    method: post
                    endpoint: {uri: 'https://erp.example/orders', authentication: %s}
                    headers: %s
            """
                .formatted(secrets, authentication, headers));
    assertThat(parsed).isInstanceOf(Parsed.Valid.class);
    return ((Parsed.Valid) parsed).model();
  }

  private static Received answer(String json) {
    return new Received(
        200, Map.of("content-type", "application/json"), ByteBuffer.wrap(json.getBytes(UTF_8)));
  }
}
