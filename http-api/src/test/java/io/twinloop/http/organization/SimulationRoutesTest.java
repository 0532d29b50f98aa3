package io.twinloop.http.organization;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.http.OpenApiAnswers;
import io.twinloop.http.ReadPosition;
import io.twinloop.http.TestServer.Reply;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What-ifs over HTTP, on one organisation: Acme with finance (treasury below it) and sales, people
 * in each, a process and its vendor.
 */
class SimulationRoutesTest {

  private static final String MOVE =
      "{'name':'Treasury under sales','changes':[{'type':'moveUnit','unitId':'treasury','toId':'sales'}]}";

  private static final String ROUTE = "/api/v1/twin/simulations";

  @TempDir private static Path folder;
  private static TwinBench twin;
  private static Instant founded;

  @BeforeAll
  static void start() throws IOException, SQLException {
    twin = new TwinBench(folder);
    twin.has("Organization", "acme");
    for (String unit : List.of("finance", "sales", "treasury")) {
      twin.has("OrganizationUnit", unit);
    }
    for (String person : List.of("fay", "tom", "sam")) {
      twin.has("Person", person);
    }
    twin.has("Process", "payments");
    twin.has("Vendor", "bank");
    twin.relate("finance", "PART_OF", "acme");
    twin.relate("sales", "PART_OF", "acme");
    twin.relate("treasury", "PART_OF", "finance");
    twin.relate("fay", "BELONGS_TO", "finance");
    twin.relate("fay", "MANAGES", "finance");
    twin.relate("tom", "BELONGS_TO", "treasury");
    twin.relate("sam", "BELONGS_TO", "sales");
    twin.relate("treasury", "OWNS_PROCESS", "payments");
    twin.relate("payments", "SUPPLIED_BY", "bank");
    twin.follow("acme", "finance", "sales", "treasury", "fay", "tom", "sam", "payments", "bank");
    founded = Instant.now();
  }

  @AfterAll
  static void stop() {
    twin.close();
  }

  @Test
  void shouldTakeAWhatIfAndAnswerItOnceItIsComputed() {
    Reply taken = post(MOVE, "X-Correlation-Id", "reorganisation");
    String id = json(taken).path("id").asText();
    JsonNode before = read(id);
    twin.simulate(id).simulate(id);
    JsonNode after = read(id);

    assertThat(taken.statusCode()).isEqualTo(202);
    assertThat(header(taken, "Location")).isEqualTo("/api/v1/twin/simulations/" + id);
    assertThat(ReadPosition.decode(header(taken, "Twinloop-Position")).orElseThrow())
        .isEqualTo(ReadPosition.of("Simulation|" + id, 1));
    assertThat(before.path("state").asText()).isEqualTo("requested");
    assertThat(before.has("before")).isFalse();
    assertThat(after.path("state").asText()).isEqualTo("finished");
    assertThat(after.path("correlationId").asText()).isEqualTo("reorganisation");
    assertThat(after.path("organizationId").asText()).isEqualTo("acme");
    assertThat(after.path("changes").toString())
        .isEqualTo("[{\"type\":\"moveUnit\",\"unitId\":\"treasury\",\"toId\":\"sales\"}]");
    assertThat(after.at("/before/headcount").intValue()).isEqualTo(3);
    assertThat(after.at("/before/depth").intValue()).isEqualTo(2);
    assertThat(after.at("/before/spanOfControl/max").intValue()).isEqualTo(1);
    assertThat(after.path("after").has("spanOfControl")).as("fay leads nobody any more").isFalse();
    assertThat(after.at("/after/touchedUnits/1/partOfIds").toString()).isEqualTo("[\"sales\"]");
    assertThat(after.at("/blastRadius/named").toString()).isEqualTo("[\"sales\",\"treasury\"]");
    assertThat(twin.read("nodes/treasury").at("/relations/0/targetId").asText())
        .as("nothing of the twin changes")
        .isEqualTo("finance");
  }

  @Test
  void shouldSayWhatANodeThatWasRetiredMeanwhileDidToIt() {
    twin.has("OrganizationUnit", "short-lived");
    twin.follow("short-lived");
    Instant then = Instant.now().truncatedTo(ChronoUnit.MICROS);
    Reply taken = post("{'name':'x','changes':[{'type':'closeUnit','unitId':'short-lived'}]}");
    twin.delete("short-lived");
    twin.follow("short-lived");

    Reply late = post("{'name':'x','changes':[{'type':'closeUnit','unitId':'short-lived'}]}");
    Reply past =
        post(
            "{'name':'x','at':'%s','changes':[{'type':'closeUnit','unitId':'short-lived'}]}"
                .formatted(then));
    String id = json(taken).path("id").asText();

    assertThat(problem(late).path("detail").asText())
        .isEqualTo("there is no node 'short-lived' then.");
    assertThat(past.statusCode()).isEqualTo(202);
    assertThat(json(past).path("at").asText()).isEqualTo(then.toString());
    assertThat(simulated(id).path("state").asText())
        .as("it was there when it was asked")
        .isEqualTo("finished");
  }

  @Test
  void shouldFailWhereAChangeCannotBeMadeAfterAll() {
    twin.has("OrganizationUnit", "elsewhere");
    twin.follow("elsewhere");
    String id =
        json(post(
                "{'name':'x','changes':[{'type':'moveUnit','unitId':'elsewhere','toId':'sales'}]}"))
            .path("id")
            .asText();
    twin.forget("elsewhere");

    JsonNode failed = simulated(id);

    assertThat(failed.path("state").asText()).isEqualTo("failed");
    assertThat(failed.path("problems").toString())
        .isEqualTo(
            "[{\"pointer\":\"/changes/0/unitId\",\"detail\":\"there is no node 'elsewhere' then\"}]");
  }

  @Test
  void shouldGiveARepeatTheFirstAnswer() {
    Reply first = post(MOVE, "Idempotency-Key", "once");
    Reply again = post(MOVE, "Idempotency-Key", "once");

    assertThat(again.body()).isEqualTo(first.body());
  }

  @Test
  void shouldListSimulationsPageByPage() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(json(post(MOVE)).path("id").asText());
    }
    twin.simulate(ids.get(1));
    ids.forEach(twin::followSimulation);

    List<String> listed = new ArrayList<>();
    String cursor = "";
    do {
      JsonNode page = twin.read("simulations?limit=2" + cursor);
      page.path("items").forEach(item -> listed.add(item.path("id").asText()));
      cursor =
          page.path("nextCursor").isTextual()
              ? "&cursor=" + page.path("nextCursor").asText()
              : null;
    } while (cursor != null);

    assertThat(listed).containsSubsequence(ids);
    assertThat(twin.read("simulations?state=finished").path("items"))
        .extracting(item -> item.path("id").asText())
        .contains(ids.get(1))
        .doesNotContain(ids.get(0));
    assertThat(problem(twin.get("simulations?state=done")).path("status").intValue())
        .isEqualTo(400);
  }

  @Test
  void shouldSayThatThereIsNoSuchSimulation() {
    JsonNode problem = problem(twin.get("simulations/none"));

    assertThat(problem.path("status").intValue()).isEqualTo(404);
    assertThat(problem.path("detail").asText()).isEqualTo("There is no simulation 'none'.");
  }

  @Test
  void shouldAskToComeAgainWhileChangesAreStillBeingWritten() {
    twin.isBehind(true);
    try {
      Reply reply = post(MOVE);

      assertThat(problem(reply).path("code").asText()).isEqualTo("read-model-behind");
      assertThat(header(reply, "Retry-After")).isEqualTo("2");
    } finally {
      twin.isBehind(false);
    }
  }

  // Refusals

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          []                                                  | 400 |
          {}                                                  | 400 | /name /changes
          {'name':'x','changes':[]}                           | 400 | /changes
          {'name':'x','changes':{}}                           | 400 | /changes
          {'name':'x','changes':[7]}                          | 400 | /changes/0
          {'name':'x','changes':[{}]}                         | 400 | /changes/0/type
          {'name':'x','changes':[{'type':'explode'}]}         | 400 | /changes/0/type
          {'name':'x','changes':[{'type':'fire','unitId':1}]} | 400 | /changes/0/type
          {'name':'x','changes':[{'type':'moveUnit'}]}        | 400 | /changes/0/toId /changes/0/unitId
          {'name':'x','changes':[{'type':'moveUnit','unitId':'a b','toId':'acme'}]} | 400 | /changes/0/unitId
          {'name':'x','changes':[{'type':'mergeUnits','unitIds':[],'intoId':'sales'}]} | 400 | /changes/0/unitIds
          {'name':'x','changes':[{'type':'movePeople','personIds':['?'],'toId':'sales'}]} | 400 | /changes/0/personIds
          {'name':'x','changes':[{'type':'splitUnit','unitId':'sales'}]} | 400 | /changes/0/parts
          {'name':'x','changes':[{'type':'changeHeadcount','unitId':'sales','headcount':-1}]} | 400 | /changes/0/headcount
          {'name':'x','changes':[{'type':'changeAutomation','processId':'payments','automationLevel':'magic'}]} | 400 | /changes/0/automationLevel
          {'name':'x','changes':[{'type':'dropVendor','vendorId':'bank','why':'?'}]} | 400 | /changes/0/why
          {'name':' ','changes':[{'type':'dropVendor','vendorId':'bank'}]} | 400 | /name
          {'name':'x','at':'yesterday','changes':[{'type':'dropVendor','vendorId':'bank'}]} | 400 | /at
          {'name':'x','at':'2199-01-01T00:00:00Z','changes':[{'type':'dropVendor','vendorId':'bank'}]} | 422 |
          {'name':'x','at':'1950-01-01T00:00:00Z','changes':[{'type':'dropVendor','vendorId':'bank'}]} | 422 | /changes/0/vendorId
          {'name':'x','changes':[{'type':'dropVendor','vendorId':'moon'}]} | 422 | /changes/0/vendorId
          {'name':'x','changes':[{'type':'dropVendor','vendorId':'sales'}]} | 422 | /changes/0/vendorId
          {'name':'x','changes':[{'type':'moveUnit','unitId':'finance','toId':'treasury'}]} | 422 | /changes/0/toId
          {'name':'x','changes':[{'type':'changeSla','processId':'payments','slaDays':1e9}]} | 422 | /changes/0
          {'name':'x','changes':[{'type':'closeUnit','unitId':'sales'},{'type':'moveUnit','unitId':'sales','toId':'acme'}]} | 422 | /changes/1/unitId
          """)
  void shouldRefuseWhatCannotBeSimulated(String body, int status, String pointers) {
    JsonNode problem = problem(post(body));

    assertThat(problem.path("status").intValue()).isEqualTo(status);
    List<String> places = new ArrayList<>();
    problem.path("errors").forEach(error -> places.add(error.path("pointer").asText()));
    if (pointers != null) {
      assertThat(places).containsExactlyInAnyOrder(pointers.split(" ", -1));
    }
  }

  @Test
  void shouldRefuseMoreChangesThanASimulationTakes() {
    String change = "{'type':'dropVendor','vendorId':'bank'}";
    Reply reply =
        post("{'name':'x','changes':[" + String.join(",", Collections.nCopies(101, change)) + "]}");

    assertThat(problem(reply).path("detail").asText())
        .isEqualTo("/changes: Expected at most 100 items, not 101.");
  }

  @Test
  void shouldQuoteTheInstantThatHasNotCome() {
    Instant future = founded.plus(1, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);

    JsonNode problem =
        problem(
            post(
                "{'name':'x','at':'%s','changes':[{'type':'dropVendor','vendorId':'bank'}]}"
                    .formatted(future)));

    assertThat(problem.path("code").asText()).isEqualTo("refused");
    assertThat(problem.path("detail").asText())
        .startsWith("at is %s, expected no instant after now".formatted(future));
  }

  private static Reply post(String json, String... headers) {
    return OpenApiAnswers.described(
        "POST", ROUTE, twin.post("simulations", json.replace('\'', '"'), headers));
  }

  private static JsonNode simulated(String id) {
    twin.simulate(id);
    return read(id);
  }

  private static JsonNode read(String id) {
    return json(OpenApiAnswers.described("GET", ROUTE + "/{id}", twin.get("simulations/" + id)));
  }

  private static String header(Reply reply, String name) {
    return reply.headers().firstValue(name).orElse(null);
  }
}
