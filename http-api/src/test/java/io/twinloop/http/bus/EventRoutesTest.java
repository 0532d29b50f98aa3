package io.twinloop.http.bus;

import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.Endpoint;
import io.twinloop.http.OpenApiAnswers;
import io.twinloop.http.TestPersonalData;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.http.identity.ApiKeyCheck;
import io.twinloop.http.identity.Login;
import io.twinloop.http.identity.TestTokens;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.IntegrationEvent.Direction;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which events the twin's door refuses; nothing of these tests reaches a bus. */
class EventRoutesTest {

  private static final String DOOR = "/api/v1/twin/events";
  private static final String RESOLVED =
      """
      {"specversion": "1.0", "id": "x-1", "type": "%s", "source": "//bpa/w-1", "subject": "p-1",
       "time": "2026-03-02T09:00:00Z", "direction": "%s", "data": {"process_id": "p-1"}}
      """;

  private static TestServer server;

  @BeforeAll
  static void start() {
    server =
        TestServer.with(
                new EventRoutes(null, null, TestPersonalData.create())
                    .endpoints()
                    .toArray(Endpoint[]::new))
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "dto.kpi.anomaly_detected, dto-to-bpa",
    "dto.kpi.anomaly_detected, bpa-to-dto",
    "bpa.kpi.updated, dto-to-bpa",
    "dto.something.else, dto→bpa"
  })
  void shouldRefuseWhatTheTwinItselfTells(String type, String direction) {
    JsonNode problem = problem(send(RESOLVED.formatted(type, direction)));

    assertThat(problem.path("status").intValue()).isEqualTo(422);
    assertThat(problem.path("detail").textValue())
        .isEqualTo(
            "Event 'x-1' of type %s goes from the twin to automation; the twin takes only events of direction bpa-to-dto."
                .formatted(type));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} |",
        "{\"specversion\": \"1.0\", \"id\": \"x\", \"type\": \"bpa.kpi.updated\", \"source\":"
            + " \"/s\"} | subject is missing",
        "{\"specversion\": \"1.0\", \"id\": \"x\", \"type\": \"bpa.kpi.updated\", \"source\":"
            + " \"/s\", \"subject\": \"k\"} | time is missing",
        "{\"specversion\": \"1.0\", \"id\": \"x\", \"type\": \"bpa.kpi.updated\", \"source\":"
            + " \"/s\", \"subject\": \"k\", \"time\": \"2026-03-02T09:00:00Z\", \"direction\":"
            + " \"up\"} | direction is 'up'",
      })
  void shouldRefuseWhatIsNoEventOfOurs(String body, String reason) {
    Reply reply = send(body);

    assertThat(reply.statusCode()).isEqualTo(400);
    assertThat(problem(reply).path("detail").textValue())
        .startsWith("This is no event of ours:")
        .contains(reason == null ? "" : reason);
  }

  @Test
  void shouldReadTheBinaryFormToo() {
    Reply reply =
        OpenApiAnswers.described(
            "POST",
            DOOR,
            server.send(
                server
                    .request(DOOR)
                    .POST(BodyPublishers.ofString("{\"value\": 1}"))
                    .header("Content-Type", "application/json")
                    .header("ce-specversion", "1.0")
                    .header("ce-id", "x-2")
                    .header("ce-type", "dto.kpi.anomaly_detected")
                    .header("ce-source", "//dto/k-1")
                    .header("ce-subject", "k-1")
                    .header("ce-time", "2026-03-02T09:00:00Z")));

    assertThat(reply.statusCode()).isEqualTo(422);
    assertThat(problem(reply).path("detail").textValue()).startsWith("Event 'x-2'");
  }

  private static Reply send(String body) {
    return OpenApiAnswers.described(
        "POST",
        DOOR,
        server.send(
            server
                .request(DOOR)
                .POST(BodyPublishers.ofString(body))
                .header("Content-Type", "application/cloudevents+json")));
  }

  @ParameterizedTest
  @CsvSource({
    "//BNI,true",
    "//BNI/a/b,true",
    "//hub/BNI,true",
    "//BNP/a,false",
    "//hub/BNP,false",
    "//hub/BNI/a,false",
    "//BNI-2/a,false",
    "//bni/a,false",
    "//bpa/BNI,false",
    "/BNI/a,false",
    "https://evil.example//BNI/a,false",
  })
  void shouldKnowTheSourcesOfADomain(String source, boolean own) {
    assertThat(EventRoutes.isOwnSource("BNI", source)).isEqualTo(own);
  }

  @ParameterizedTest
  @ValueSource(strings = {"hub", "HUB", "dto", "bpa", "partners"})
  void shouldLetNoDomainSpeakUnderASourceOfOurs(String code) {
    assertThat(EventRoutes.isOwnSource(code, "//" + code + "/BNI")).isFalse();
    try (TestServer withLogin = withLogin()) {
      Reply reply =
          withLogin.post(
              DOOR,
              RESOLVED.formatted("bpa.kpi.updated", "bpa-to-dto"),
              "Authorization",
              "Bearer " + TestTokens.ofDomain(code));

      assertThat(reply.statusCode()).as(reply.body()).isEqualTo(401);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bpa.employee.offboarded, bpa-to-dto, hr:feed",
    "bpa.employee.onboarded, bpa-to-dto, hr:feed",
    "bpa.budget.approved, bpa-to-dto, twin:write",
    "dto.kpi.anomaly_detected, dto-to-bpa, workflow:start",
    "dto.kpi.anomaly_detected, bpa-to-dto, workflow:start",
    "site.alarm, dto-to-bpa, workflow:start",
  })
  void shouldTakeNoEventFromADomainThatMayNotDoWhatItBringsAbout(
      String type, String direction, String permission) {
    try (TestServer withLogin = withLogin()) {
      Reply reply =
          withLogin.post(
              "/api/v1/events",
              RESOLVED.replace("//bpa/w-1", "//BNI/w-1").formatted(type, direction),
              "Authorization",
              "Bearer " + TestTokens.ofDomain("BNI"));

      assertThat(reply.statusCode()).as(reply.body()).isEqualTo(403);
      assertThat(problem(reply).path("detail").asText()).contains(type, permission, "domain");
    }
  }

  @Test
  void shouldDecideForEveryEventOfTheCatalogueWhoMaySendIt() {
    Identity domain = Identity.domain("BNI");
    List<String> ofDomains = new ArrayList<>();
    for (Catalogue.Entry entry : Catalogue.all()) {
      Permission needed =
          EventPermissions.needed(entry.type(), entry.direction())
              .orElseThrow(() -> new AssertionError("Who may send " + entry.type() + "?"));
      assertThat(Identity.user("u", Role.DATA_ENGINEER).may(needed)).isTrue();
      if (domain.may(needed)) {
        ofDomains.add(entry.type());
      }
    }

    assertThat(ofDomains)
        .containsExactlyInAnyOrder(
            "bpa.sla.resolved", "bpa.workflow.completed", "bpa.workflow.failed", "bpa.kpi.updated");
    for (String ofHub : List.of("service.request", "data.updated", "user.authenticated")) {
      assertThat(EventPermissions.needed(ofHub, Direction.BPA_TO_DTO)).as(ofHub).isEmpty();
    }
  }

  private static TestServer withLogin() {
    return TestServer.with(
            new EventRoutes(null, null, TestPersonalData.create())
                .endpoints()
                .toArray(Endpoint[]::new))
        .authenticator(
            Login.of(TestTokens.settings(), Optional.empty(), ApiKeyCheck.NONE, Clock.systemUTC()))
        .start();
  }

  @Test
  void shouldTakeNoEventOfADomainFromAnother() {
    try (TestServer withLogin = withLogin()) {
      for (String door : List.of(DOOR, "/api/v1/events")) {
        Reply reply =
            withLogin.post(
                door,
                RESOLVED.formatted("bpa.process.sla_resolved", "bpa-to-dto"),
                "Authorization",
                "Bearer " + TestTokens.ofDomain("BNI"));

        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(403);
        assertThat(problem(reply).path("detail").asText()).contains("BNI", "//bpa/w-1");
      }
    }
  }
}
