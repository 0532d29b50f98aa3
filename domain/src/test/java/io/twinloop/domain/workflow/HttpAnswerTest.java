package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HttpAnswerTest {

  @Test
  void shouldParseJsonKeepTextAndEncodeTheRest() {
    assertThat(content("application/problem+json", "{\"a\": 1}"))
        .isEqualTo(Instance.yaml("{a: 1}"));
    assertThat(content("text/plain; charset=utf-8", "hi").asText()).isEqualTo("hi");
    assertThat(content("image/png", "hi").asText()).isEqualTo("aGk=");
    assertThat(content("application/json", "").isNull()).isTrue();
  }

  @Test
  void shouldGiveTheBytesWhenTheRawFormIsAsked() {
    HttpAnswer answer = read(HttpCall.Output.RAW, 200, "application/json", "{}");

    assertThat(((HttpAnswer.Received) answer).content().asText()).isEqualTo("e30=");
  }

  @Test
  void shouldFailACallWhoseAnswerIsNotTheJsonItSays() {
    HttpAnswer answer = read(HttpCall.Output.CONTENT, 200, "application/json", "{\"a\":");

    assertThat(answer)
        .isInstanceOfSatisfying(
            HttpAnswer.CallFailed.class,
            failed ->
                assertThat(failed.error().detail()).contains("https://host/x").contains("JSON"));
  }

  @Test
  void shouldKeepTheStatusOfAnErrorWhoseBodyIsBroken() {
    HttpAnswer answer = read(HttpCall.Output.CONTENT, 503, "application/json", "<html>");

    assertThat(answer)
        .isEqualTo(
            new HttpAnswer.Received(
                503, Map.of("content-type", "application/json"), Instance.yaml("<html>")));
  }

  private static JsonNode content(String type, String body) {
    return ((HttpAnswer.Received) read(HttpCall.Output.CONTENT, 200, type, body)).content();
  }

  private static HttpAnswer read(HttpCall.Output output, int status, String type, String body) {
    HttpCall call =
        new HttpCall(
            "GET",
            URI.create("https://host/x"),
            Map.of(),
            Map.of(),
            null,
            output,
            false,
            null,
            null,
            null);
    return HttpAnswer.read(
        call, status, Map.of("Content-Type", type), body.getBytes(StandardCharsets.UTF_8));
  }
}
