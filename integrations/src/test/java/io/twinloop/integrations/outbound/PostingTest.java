package io.twinloop.integrations.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.domain.outbound.OutboundHttp.Answer;
import io.twinloop.domain.outbound.OutboundHttp.NoAnswer;
import io.twinloop.domain.outbound.OutboundHttp.Reason;
import io.twinloop.domain.outbound.OutboundHttp.Received;
import io.twinloop.domain.outbound.OutboundHttp.Request;
import io.twinloop.domain.outbound.OutboundMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Slack-compatible posts and signed webhooks, over a way out that only notes what it is given. */
class PostingTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private static final String CONFIG =
      """
      twinloop.outbound {
        slack.addresses {
          default = "https://hooks.example/services/T0/B0/treasure"
          "#ops" = "https://hooks.example/services/T0/B1/treasure"
        }
        webhook.endpoints {
          default { url = "https://in.example/twinloop", secret = first-treasure }
          erp { url = "https://erp.example/in", secret = new-treasure, previous-secret = old-treasure }
        }
        webhook.callback-secret = callback-treasure
      }
      """;

  private final List<Request> sent = new ArrayList<>();
  private Answer answer = status(200, Map.of());
  private final OutboundHttp http =
      request -> {
        sent.add(request);
        return CompletableFuture.completedStage(answer);
      };

  // Slack

  @Test
  void shouldPostTheTextAsSlackTakesIt() {
    Delivery delivery = deliver(message(Channel.SLACK, "#ops", "Look <here>", "A & B"));

    assertThat(delivery).isEqualTo(new Delivery.Delivered());
    Request request = sent.get(0);
    assertThat(request.method()).isEqualTo("POST");
    assertThat(request.address()).hasToString("https://hooks.example/services/T0/B1/treasure");
    assertThat(request.headers()).containsEntry("content-type", "application/json");
    assertThat(request.attempts()).isEqualTo(1);
    assertThat(json(request)).isEqualTo(read("{\"text\":\"*Look &lt;here&gt;*\\nA &amp; B\"}"));
  }

  @Test
  void shouldPostToTheDefaultWhatNamesNobodyAndSayWhoIsNotKnown() {
    deliver(message(Channel.SLACK, null, null, "B"));

    assertThat(sent.get(0).address().getPath()).endsWith("B0/treasure");
    assertThat(deliver(message(Channel.SLACK, "#nowhere", null, "B")))
        .isInstanceOfSatisfying(
            Delivery.NotConfigured.class,
            missing -> assertThat(missing.sentence()).contains("'#nowhere'", "slack.addresses"));
    assertThat(sent).hasSize(1);
  }

  // Webhooks

  @Test
  void shouldPostASignedWebhook() {
    deliver(message(Channel.WEBHOOK, null, "S", "B"));

    Request request = sent.get(0);
    assertThat(request.address()).hasToString("https://in.example/twinloop");
    assertThat(request.headers()).containsEntry("Twinloop-Delivery", "m-1");
    assertThat(request.idempotencyKey()).isEqualTo("m-1");
    assertThat(request.redirects()).isFalse();
    assertThat(json(request))
        .isEqualTo(
            read(
                """
                {"id": "m-1", "at": "2026-03-01T12:00:00Z", "subject": "S", "message": "B",
                 "correlationId": "loop-1", "workflowId": "wf-1"}
                """));
    assertThat(proves(request, "first-treasure")).isTrue();
    assertThat(proves(request, "another")).isFalse();
  }

  @Test
  void shouldProveItselfToWhoeverKnowsTheOldOrTheNewSecret() {
    deliver(message(Channel.WEBHOOK, "erp", null, "B"));

    assertThat(proves(sent.get(0), "new-treasure")).isTrue();
    assertThat(proves(sent.get(0), "old-treasure")).isTrue();
  }

  @Test
  void shouldPostToAnAddressThatIsTheRecipientWithASecretOfItsOwn() {
    deliver(message(Channel.WEBHOOK, "https://caller.example/done?job=1", null, "B"));

    assertThat(sent.get(0).address()).hasToString("https://caller.example/done?job=1");
    assertThat(proves(sent.get(0), "callback-treasure")).isTrue();
    assertThat(proves(sent.get(0), "first-treasure")).isFalse();
  }

  @Test
  void shouldPostToNoAddressWithoutASecretForSuch() {
    Map<Channel, Transport> transports =
        transports(ConfigFactory.parseString("twinloop.outbound.webhook.callback-secret = \"\""));

    Delivery delivery =
        join(
            transports
                .get(Channel.WEBHOOK)
                .deliver(message(Channel.WEBHOOK, "https://caller.example/", null, "B")));

    assertThat(delivery)
        .isInstanceOfSatisfying(
            Delivery.NotConfigured.class,
            missing -> assertThat(missing.sentence()).contains("callback-secret"));
    assertThat(sent).isEmpty();
  }

  @Test
  void shouldSayWhichEndpointIsNotKnown() {
    assertThat(deliver(message(Channel.WEBHOOK, "file:///etc/passwd", null, "B")))
        .isInstanceOf(Delivery.NotConfigured.class);
    assertThat(deliver(message(Channel.WEBHOOK, "crm", null, "B")))
        .isInstanceOfSatisfying(
            Delivery.NotConfigured.class,
            missing -> assertThat(missing.sentence()).contains("'crm'", "webhook.endpoints"));
    assertThat(sent).isEmpty();
  }

  // What comes back

  @ParameterizedTest
  @CsvSource({
    "200, delivered",
    "204, delivered",
    "302, refused",
    "400, refused",
    "401, refused",
    "404, refused",
    "408, missed",
    "410, refused",
    "429, missed",
    "500, missed",
    "503, missed"
  })
  void shouldTellWhatWillNeverDoFromWhatMayPass(int status, String outcome) {
    answer = status(status, Map.of("retry-after", "120"));

    Delivery delivery = deliver(message(Channel.WEBHOOK, null, null, "B"));

    switch (outcome) {
      case "delivered" -> assertThat(delivery).isInstanceOf(Delivery.Delivered.class);
      case "refused" -> assertThat(delivery).isInstanceOf(Delivery.Refused.class);
      default ->
          assertThat(delivery)
              .isEqualTo(
                  new Delivery.Missed(
                      "The other side answered with status " + status + ".",
                      Duration.ofMinutes(2)));
    }
  }

  @Test
  void shouldTryAgainWhenNoAnswerCameUnlessThePolicyRefuses() {
    answer = new NoAnswer(Reason.FAILING, "It is left alone", Duration.ofSeconds(30));
    assertThat(deliver(message(Channel.SLACK, null, null, "B")))
        .isEqualTo(
            new Delivery.Missed(
                "Left alone for failing: It is left alone.",
                "Left alone for failing.",
                Duration.ofSeconds(30)));

    answer = new NoAnswer(Reason.REFUSED, "10.0.0.1 is a private address", null);
    assertThat(deliver(message(Channel.WEBHOOK, "http://10.0.0.1/", null, "B")))
        .isInstanceOf(Delivery.Refused.class);
  }

  @Test
  void shouldHaveAGeneralWordForWhomItCanNotReach() {
    answer = new NoAnswer(Reason.UNKNOWN_HOST, "ada.example is no host", null);
    for (Delivery delivery :
        List.of(
            deliver(message(Channel.WEBHOOK, "https://ada.example/", null, "B")),
            deliver(message(Channel.WEBHOOK, "ada", null, "B")),
            deliver(message(Channel.SLACK, "ada", null, "B")))) {
      assertThat(delivery.toString()).contains("ada");
      assertThat(delivery.discreet().toString()).doesNotContain("ada").contains(".");
    }
  }

  @Test
  void shouldNeverSayWhatIsSecret() {
    answer = new NoAnswer(Reason.BROKEN, "Connection reset", null);

    for (Channel channel : List.of(Channel.SLACK, Channel.WEBHOOK)) {
      Delivery delivery = deliver(message(channel, null, null, "B"));

      assertThat(delivery.toString()).doesNotContain("treasure", "hooks.example");
      assertThat(sent.get(sent.size() - 1).toString()).doesNotContain("treasure");
    }
    assertThat(transports(ConfigFactory.empty()).toString()).doesNotContain("treasure");
  }

  // Configuration

  @Test
  void shouldServeChannelsAsTheSiteWants() {
    Map<Channel, Transport> transports =
        transports(
            ConfigFactory.parseString(
                "twinloop.outbound.channels { log = slack, email = none, webhook = log }"));

    assertThat(transports.get(Channel.LOG)).isInstanceOf(SlackTransport.class);
    assertThat(transports.get(Channel.WEBHOOK)).isInstanceOf(LogTransport.class);
    assertThat(transports).doesNotContainKey(Channel.EMAIL);
  }

  @Test
  void shouldHaveNothingToSendWithInAFreshInstall() {
    Map<Channel, Transport> fresh =
        Transports.of(ConfigFactory.load(), http, Clock.fixed(NOON, ZoneOffset.UTC));

    for (Channel channel : List.of(Channel.EMAIL, Channel.SLACK, Channel.WEBHOOK)) {
      for (String recipient :
          Arrays.asList(null, "ada@acme.example", "https://caller.example/", "ops")) {
        assertThat(join(fresh.get(channel).deliver(message(channel, recipient, "S", "B"))))
            .as(channel + " to " + recipient)
            .isInstanceOf(Delivery.NotConfigured.class);
      }
    }
    assertThat(sent).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "channels.log = pigeon|channels.log must be log, smtp",
        "webhook.endpoints.crm { url = \"https://crm.example/\" }|endpoints.crm.secret must be given",
        "webhook.endpoints.crm { url = \"treasure\", secret = x }|endpoints.crm.url must be an http",
        "slack.addresses.x = \"ftp://treasure\"|slack.addresses.x must be an http",
        "slack.addresses.x = \"not an address treasure\"|slack.addresses.x must be an http",
      })
  void shouldNameTheSettingThatIsWrongAndNotItsValue(String setting, String message) {
    assertThatThrownBy(
            () -> transports(ConfigFactory.parseString("twinloop.outbound { " + setting + " }")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("treasure");
  }

  private Map<Channel, Transport> transports(Config overrides) {
    return Transports.of(
        overrides
            .withFallback(ConfigFactory.parseString(CONFIG))
            .withFallback(ConfigFactory.load()),
        http,
        Clock.fixed(NOON, ZoneOffset.UTC));
  }

  private Delivery deliver(OutboundMessage message) {
    return join(transports(ConfigFactory.empty()).get(message.channel()).deliver(message));
  }

  private static Delivery join(CompletionStage<Delivery> delivery) {
    return delivery.toCompletableFuture().join();
  }

  private static OutboundMessage message(
      Channel channel, String recipient, String subject, String body) {
    return new OutboundMessage("m-1", channel, recipient, subject, body, "loop-1", "wf-1", NOON);
  }

  private static Received status(int status, Map<String, String> headers) {
    return new Received(status, headers, ByteBuffer.allocate(0));
  }

  /** As a receiver checks it: whether one of the signatures is the one this secret makes. */
  private static boolean proves(Request request, String secret) {
    String header = request.headers().get("Twinloop-Signature");
    String time = header.substring("t=".length(), header.indexOf(','));
    String expected;
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      expected =
          HexFormat.of()
              .formatHex(
                  mac.doFinal((time + "." + request.body()).getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
    assertThat(time).isEqualTo(Long.toString(NOON.getEpochSecond()));
    return Arrays.stream(header.split(",", -1)).anyMatch(part -> part.equals("v1=" + expected));
  }

  private static JsonNode json(Request request) {
    return read(request.body());
  }

  private static JsonNode read(String json) {
    try {
      return JsonMapper.builder().build().readTree(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
