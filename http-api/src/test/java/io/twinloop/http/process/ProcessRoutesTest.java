package io.twinloop.http.process;

import static io.twinloop.http.OpenApiAnswers.described;
import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.http.Endpoint;
import io.twinloop.http.EntitySystem;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.process.ProcessQueries;
import io.twinloop.projections.process.ServiceLevels;
import io.twinloop.serialization.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The routes of processes with a real server, the real entities and a read model that nothing
 * writes to: what a log comes to is seen in the cases themselves.
 */
class ProcessRoutesTest {

  private static final Instant NOW = Instant.parse("2026-03-02T09:00:00Z");
  private static final String LOG = "/api/v1/processes/{id}/log";
  private static final String EVENTS = "/api/v1/processes/{id}/events";

  @TempDir static Path folder;

  private static PostgreSqlServer postgres;
  private static ReadModels readModels;
  private static EntitySystem entities;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    readModels =
        ReadModels.open(
            postgres.jdbcUrl(),
            postgres.user(),
            postgres.password(),
            ConfigFactory.defaultReference());
    ReadModelSchema.migrate(readModels.forQueries());
    entities = new EntitySystem();
    Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
    OrgNode.init(entities.sharding(), clock);
    ProcessCase.init(entities.system(), entities.sharding(), clock);
    ProcessRoutes routes =
        new ProcessRoutes(
            entities.entities(),
            new ProcessQueries(readModels.database()),
            new ServiceLevels(entities.entities(), readModels.database()),
            (wanted, atMost) -> CompletableFuture.completedStage(true),
            clock);
    server = TestServer.with(routes.endpoints().toArray(Endpoint[]::new)).start();
  }

  @AfterAll
  static void stop() {
    server.close();
    entities.close();
    readModels.close();
    postgres.kill();
  }

  private static String path(String process, String rest) {
    return "/api/v1/processes/" + process + "/" + rest;
  }

  private static Reply log(String process, String query, String type, byte[] body) {
    return described(
        "POST",
        LOG,
        server.send(
            server
                .request(path(process, "log" + query))
                .header("Content-Type", type)
                .POST(BodyPublishers.ofByteArray(body))));
  }

  private static Reply log(String process, String query, String type, String body) {
    return log(process, query, type, body.getBytes(StandardCharsets.UTF_8));
  }

  private static Reply events(String process, String query, String... lines) {
    return described(
        "POST",
        EVENTS,
        server.send(
            server
                .request(path(process, "events" + query))
                .header("Content-Type", "application/x-ndjson")
                .POST(BodyPublishers.ofString(String.join("\n", lines)))));
  }

  private static ProcessCase.Current caseOf(String process, String caseId) {
    return (ProcessCase.Current)
        entities
            .entities()
            .<ProcessCase.Command, ProcessCase.Reply>ask(
                ProcessCase.KEY, ProcessCase.idOf(process, caseId), ProcessCase.Get::new)
            .toCompletableFuture()
            .join();
  }

  private static void node(String id, NodeType type, String properties) {
    entities
        .entities()
        .<OrgNode.Command, OrgNode.Reply>ask(
            OrgNode.KEY,
            id,
            replyTo ->
                new OrgNode.Put(
                    type,
                    id,
                    NodeProperties.of((ObjectNode) Json.tree(properties)),
                    null,
                    new Cause(null, "test", "test"),
                    replyTo))
        .toCompletableFuture()
        .join();
  }

  private static String xes(String... traces) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<log>\n"
        + String.join("", traces)
        + "</log>";
  }

  private static String trace(String id, String... activitiesAndTimes) {
    StringBuilder trace =
        new StringBuilder("<trace><string key=\"concept:name\" value=\"%s\"/>\n".formatted(id));
    for (int i = 0; i < activitiesAndTimes.length; i += 2) {
      trace.append(
          """
          <event><string key="concept:name" value="%s"/><date key="time:timestamp" value="%s"/></event>
          """
              .formatted(activitiesAndTimes[i], activitiesAndTimes[i + 1]));
    }
    return trace + "</trace>\n";
  }

  private static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return packed.toByteArray();
  }

  // Logs

  @Test
  void shouldTakeALogOnce() {
    String xes =
        xes(
            trace("1", "A", "2026-01-02T00:00:00Z", "B", "2026-01-04T00:00:00Z"),
            trace("2", "A", "2026-01-02T00:00:00Z"));

    JsonNode first = json(log("once", "", "application/xml", xes));
    JsonNode again = json(log("once", "", "application/xml", xes));

    assertThat(first.toString())
        .isEqualTo(
            "{\"accepted\":3,\"unchanged\":0,\"rejected\":0,\"errors\":[],\"cases\":2,\"events\":3}");
    assertThat(again.path("accepted").intValue()).isZero();
    assertThat(again.path("unchanged").intValue()).isEqualTo(3);
    assertThat(caseOf("once", "1").open()).isFalse();
    assertThat(caseOf("once", "1").known().track().durationDays()).isEqualTo(2);
    assertThat(caseOf("once", "1").known().live()).isFalse();
  }

  @Test
  void shouldTakeTheSameLogAsXesAsCsvAndPacked() {
    String xes = xes(trace("1", "A", "2026-01-02T00:00:00Z", "B", "2026-01-04T00:00:00Z"));
    String csv = "case,activity,timestamp\n1,B,2026-01-04 00:00\n1,A,2026-01-02 00:00\n";
    byte[] packed = gzip(xes.getBytes(StandardCharsets.UTF_8));

    assertThat(json(log("any", "", "text/csv", csv)).path("accepted").intValue()).isEqualTo(2);
    List<Reply> same =
        List.of(
            log("any", "", "application/xml", packed),
            log("any", "", "application/gzip", packed),
            log("any", "", "text/plain", xes),
            log("any", "", "text/plain", csv),
            described(
                "POST",
                LOG,
                server.send(
                    server
                        .request(path("any", "log"))
                        .header("Content-Type", "application/xml")
                        .header("Content-Encoding", "gzip")
                        .POST(BodyPublishers.ofByteArray(packed)))));
    assertThat(same)
        .allSatisfy(
            reply ->
                assertThat(json(reply).path("unchanged").intValue()).as(reply.body()).isEqualTo(2));
  }

  @Test
  void shouldTakeTheColumnsAndTheEncodingThatAreNamed() {
    byte[] csv =
        "Nr;Was;Wann;Wer\n1;Prüfung;31.01.2026 08:00;ada\n"
            .getBytes(Charset.forName("windows-1252"));
    String query = "?case=Nr&activity=Was&timestamp=Wann&resource=Wer";

    JsonNode taken = json(log("spalten", query, "text/csv;charset=windows-1252", csv));
    Reply missing = log("spalten", "?case=Nr&activity=Was&timestamp=When", "text/csv", csv);
    Reply strange = log("spalten", query, "text/csv;charset=klingon", csv);

    assertThat(taken.path("accepted").intValue()).isEqualTo(1);
    assertThat(missing.statusCode()).isEqualTo(422);
    assertThat(problem(missing).path("detail").textValue())
        .contains("'When'", "Nr, Was, Wann, Wer");
    assertThat(strange.statusCode()).isEqualTo(415);
  }

  @Test
  void shouldReportWhatItCanNotTakeAndTakeTheRest() {
    String csv = "case,activity,timestamp\n1,A,2026-01-02\n1,B,soon\n1,C,2026-01-03\n";

    JsonNode taken = json(log("dirty", "", "text/csv", csv));
    JsonNode cut =
        json(log("cut", "", "application/xml", xes(trace("1", "A", "2026-01-02")) + "<more"));

    assertThat(taken.path("accepted").intValue()).isEqualTo(2);
    assertThat(taken.at("/errors/0/line").intValue()).isEqualTo(3);
    assertThat(taken.at("/errors/0/detail").textValue()).contains("'soon'");
    assertThat(cut.path("accepted").intValue()).isEqualTo(1);
    assertThat(cut.at("/errors/0/detail").textValue())
        .endsWith("Nothing behind this line was read.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<!DOCTYPE log [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><log>&x;</log>",
        "<!DOCTYPE l [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><log><string value='&b;'/></log>",
        "<html></html>",
        "case,activity",
        ""
      })
  void shouldRefuseWhatIsNoLog(String body) {
    Reply reply = log("refused", "", "application/xml", body);

    assertThat(reply.statusCode()).isEqualTo(400);
    assertThat(problem(reply).path("detail").textValue()).doesNotContain("root:");
  }

  @Test
  void shouldRefuseABombAndABrokenFile() {
    byte[] bomb = gzip(("<log>" + " ".repeat(8_000_000)).getBytes(StandardCharsets.UTF_8));
    byte[] broken = gzip(xes(trace("1", "A", "2026-01-02")).getBytes(StandardCharsets.UTF_8));

    assertThat(log("bomb", "", "application/xml", bomb).statusCode()).isEqualTo(413);
    Reply cut = log("bomb", "", "application/xml", Arrays.copyOf(broken, 40));
    assertThat(cut.statusCode()).as(cut.body()).isEqualTo(400);
    assertThat(log("bomb", "", "application/json", "{}").statusCode()).isEqualTo(415);
    assertThat(log("bomb", "?mode=dead", "text/csv", "a").statusCode()).isEqualTo(400);
  }

  // What ends a case, and when it is late

  @Test
  void shouldEndCasesByTheActivitiesThatAreNamed() {
    node(
        "paid-process",
        NodeType.PROCESS,
        "{\"end_activities\": [\"paid\", \"void\"], \"sla_days\": 5}");
    String csv =
        "case,activity,timestamp\n1,A,2026-01-01\n1,paid,2026-01-09\n2,A,2026-01-01\n2,B,2026-01-02\n";

    log("paid-process", "", "text/csv", csv);
    log("unknown-process", "?end=B%7CC", "text/csv", csv);

    assertThat(caseOf("paid-process", "1").open()).isFalse();
    assertThat(caseOf("paid-process", "1").known().breached()).isTrue();
    assertThat(caseOf("paid-process", "2").open()).isTrue();
    assertThat(caseOf("paid-process", "2").known().breached()).isFalse();
    assertThat(caseOf("unknown-process", "1").open()).isTrue();
    assertThat(caseOf("unknown-process", "2").open()).isFalse();
  }

  @Test
  void shouldTakeCasesOnlyOfWhatIsOrMayBecomeAProcess() {
    node("a-person", NodeType.PERSON, "{}");

    Reply person = log("a-person", "", "text/csv", "case,activity,timestamp\n");

    assertThat(person.statusCode()).isEqualTo(409);
    assertThat(problem(person).path("detail").textValue()).contains("'a-person' is a Person");
    assertThat(events("a-person", "", "{}").statusCode()).isEqualTo(409);
  }

  // Live events

  @Test
  void shouldTakeLiveEventsAndTellThemApart() {
    String[] lines = {
      "{\"case\": \"7\", \"activity\": \"A\", \"timestamp\": \"2026-02-20T09:00:00Z\"}",
      "{\"case\": \"7\", \"activity\": \"B\", \"resource\": \"ada\", \"end\": true}",
      "{\"case\": \"8\", \"activity\": \"A\", \"id\": \"e-1\"}",
      "{\"case\": \"8\", \"activity\": \"other\", \"id\": \"e-1\"}",
      "{\"case\": \"8\"}",
      "{\"case\": \"8\", \"activity\": \"A\", \"timestamp\": \"soon\"}",
      "nonsense"
    };

    Reply reply = events("live", "", lines);

    JsonNode taken = json(reply);
    assertThat(taken.path("accepted").intValue()).isEqualTo(3);
    assertThat(taken.path("unchanged").intValue()).isEqualTo(1);
    assertThat(taken.path("rejected").intValue()).isEqualTo(3);
    assertThat(taken.path("cases").intValue()).isEqualTo(2);
    assertThat(reply.headers().firstValue("Twinloop-Position")).isPresent();
    assertThat(caseOf("live", "7").open()).isFalse();
    assertThat(caseOf("live", "7").known().live()).isTrue();
    assertThat(caseOf("live", "7").known().track().lastAt()).isEqualTo(NOW.plusNanos(2_000));
    assertThat(caseOf("live", "8").open()).isTrue();
  }

  @Test
  void shouldOpenACaseAgainThatGoesOn() {
    events(
        "again",
        "",
        "{\"case\": \"7\", \"activity\": \"A\", \"timestamp\": \"2026-02-20T09:00:00Z\", \"end\": true}");
    events(
        "again",
        "",
        "{\"case\": \"7\", \"activity\": \"B\", \"timestamp\": \"2026-02-21T09:00:00Z\"}");

    assertThat(caseOf("again", "7").open()).isTrue();
  }

  // Questions

  static Stream<String> questions() {
    return Stream.of("statistics", "graph", "bottlenecks");
  }

  @ParameterizedTest
  @MethodSource("questions")
  void shouldNotKnowAProcessNobodyToldOf(String question) {
    Reply reply =
        described(
            "GET", "/api/v1/processes/{id}/" + question, server.get(path("nobody", question)));

    assertThat(reply.statusCode()).isEqualTo(404);
  }

  @Test
  void shouldShowAProcessWithoutCases() {
    node("empty", NodeType.PROCESS, "{\"sla_days\": 5}");
    JsonNode statistics =
        json(
            described(
                "GET",
                "/api/v1/processes/{id}/statistics",
                server.get(path("empty", "statistics"))));

    assertThat(statistics.path("cases").intValue()).isZero();
    assertThat(statistics.at("/sla/slaDays").doubleValue()).isEqualTo(5);
    assertThat(json(server.get(path("empty", "bottlenecks"))).path("items")).isEmpty();
    assertThat(json(server.get(path("empty", "graph"))).path("edges")).isEmpty();
    assertThat(json(server.get(path("empty", "cases?breached=true"))).path("items")).isEmpty();
    assertThat(server.get(path("empty", "cases?breached=maybe")).statusCode()).isEqualTo(400);
    assertThat(server.get(path("empty", "bottlenecks?cursor=x")).statusCode()).isEqualTo(400);
  }
}
