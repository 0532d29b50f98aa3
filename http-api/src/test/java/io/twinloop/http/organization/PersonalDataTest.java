package io.twinloop.http.organization;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.http.TestServer.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Persons over HTTP: sealed inside, shown to whom may see them, forgotten when erased. */
class PersonalDataTest {

  @TempDir private static Path folder;
  private static TwinBench twin;

  @BeforeAll
  static void start() throws IOException, SQLException {
    twin = new TwinBench(folder);
  }

  @AfterAll
  static void stop() {
    twin.close();
  }

  @AfterEach
  void everybodyMayRead() {
    twin.mayRead(subject -> true);
  }

  private static String person(String label, String properties) {
    return "{\"type\":\"Person\",\"label\":\"%s\",\"properties\":{%s}}"
        .formatted(label, properties);
  }

  @Test
  void shouldShowWhatIsStoredSealed() {
    Reply created =
        twin.put(
            "shown",
            person(
                "Zoë \\\"Zo\\\" Quartz",
                "\"fte\":0.5,\"email\":\"zq@quartz.example\",\"address\":{\"city\":\"Quartzville\"}"));

    assertThat(created.statusCode()).isEqualTo(201);
    assertThat(json(created).path("label").textValue()).isEqualTo("Zoë \"Zo\" Quartz");
    JsonNode read = json(twin.get("nodes/shown"));
    assertThat(read.path("label").textValue()).isEqualTo("Zoë \"Zo\" Quartz");
    assertThat(read.path("properties").toString())
        .isEqualTo(
            "{\"address\":{\"city\":\"Quartzville\"},\"email\":\"zq@quartz.example\",\"fte\":0.5}");
    assertThat(twin.stored("shown")).doesNotContainIgnoringCase("quartz").contains("0.5");
  }

  @Test
  void shouldTakeTheSameAgainForNothing() {
    String ada = person("Ada", "\"phone\":\"+44 1\"");

    twin.put("again", ada);
    Reply again = twin.put("again", ada);
    Reply patched = twin.patch("again", "{\"properties\":{\"phone\":\"+44 1\"}}");

    assertThat(again.headers().firstValue("ETag")).contains("\"1\"");
    assertThat(patched.headers().firstValue("ETag")).contains("\"1\"");
  }

  @Test
  void shouldPatchSealedFieldsOneByOne() {
    twin.put("patched", person("Ada", "\"address\":{\"city\":\"Bath\",\"zip\":\"B1\"}"));

    Reply patched =
        twin.patch(
            "patched",
            "{\"label\":\"Ada Onyx\",\"properties\":{\"address\":{\"zip\":\"Onyx 2\"},\"first_name\":\"Onyx\"}}");

    assertThat(json(patched).path("label").textValue()).isEqualTo("Ada Onyx");
    assertThat(json(patched).path("properties").toString())
        .isEqualTo("{\"address\":{\"city\":\"Bath\",\"zip\":\"Onyx 2\"},\"first_name\":\"Onyx\"}");
    assertThat(twin.stored("patched")).doesNotContain("Onyx");
  }

  @Test
  void shouldLeaveNodesThatAreNoPersonsInClear() {
    twin.put("unit-clear", "{\"type\":\"OrganizationUnit\",\"label\":\"Quarry\"}");
    twin.patch("unit-clear", "{\"label\":\"Quarry 2\",\"properties\":{\"email\":\"q@q.example\"}}");

    assertThat(twin.stored("unit-clear")).contains("Quarry 2", "q@q.example");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"properties\":{\"anonymized_name\":{\"is\":[\"Basalt\"]}}}",
        "{\"properties\":{\"anonymized_name\":5}}",
        "{\"label\":5}",
        "{\"label\":\" \"}",
        "{\"properties\":{\"phone\":\"(personal)\"}}",
      })
  void shouldRefuseABadValueWithoutRepeatingIt(String patch) {
    twin.put("bad", person("Ada", ""));

    Reply refused = twin.patch("bad", patch);

    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(422);
    assertThat(refused.body()).doesNotContain("Basalt");
    assertThat(json(twin.get("nodes/bad")).path("label").textValue()).isEqualTo("Ada");
  }

  @Test
  void shouldRefuseWhatLooksLikeSealedData() {
    String token = "^pd1.c2hvd24.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA^";
    assertThat(PersonalToken.is(token)).isTrue();

    Reply put = twin.put("foreign", person("Hello " + token, ""));
    Reply escaped = twin.put("foreign", person(token.replace("^", "\\u005e"), ""));
    Reply named = twin.put("foreign", person("Ada", "\"" + token + "\":1"));
    Reply table =
        twin.load(
            "?kind=Person",
            "text/csv",
            ("id,label\nforeign," + token + "\n").getBytes(StandardCharsets.UTF_8));

    assertThat(problem(put).path("code").textValue()).isEqualTo("malformed");
    assertThat(problem(escaped).path("code").textValue()).isEqualTo("malformed");
    assertThat(problem(named).path("code").textValue()).isEqualTo("malformed");
    assertThat(json(table).path("rejected").intValue()).isEqualTo(1);
    assertThat(twin.get("nodes/foreign").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldShowOthersThatThereIsSomethingPersonal() {
    twin.put("mine", person("Ada Feldspar", "\"fte\":1"));
    twin.put("theirs", person("Bo Feldspar", "\"fte\":1"));
    twin.follow("mine", "theirs");
    twin.mayRead("mine"::equals);

    JsonNode theirs = json(twin.get("nodes/theirs"));
    JsonNode found = json(twin.get("nodes?q=feldspar"));
    Reply history = twin.get("nodes/theirs/history");

    assertThat(theirs.path("label").textValue()).isEqualTo("(personal)");
    assertThat(theirs.at("/properties/fte").intValue()).isEqualTo(1);
    assertThat(found.path("items")).hasSize(1);
    assertThat(found.at("/items/0/id").textValue()).isEqualTo("mine");
    assertThat(history.body()).contains("(personal)").doesNotContain("Feldspar", "^pd1.");
  }

  @Test
  void shouldImportPersonsSealedAndTheSameAgainForNothing() {
    String[] lines = {
      "{\"node\":{\"id\":\"i-1\",\"type\":\"Person\",\"label\":\"Ada Gneiss\",\"properties\":{\"skills\":[\"law\"],\"name\":\"Gneiss\"}}}",
      "{\"node\":{\"id\":\"i-2\",\"type\":\"Person\",\"properties\":{\"iban\":\"Gneiss\"}}}",
      "{\"node\":{\"id\":\"i-3\",\"type\":\"OrganizationUnit\",\"label\":\"Gneiss & Sons\"}}",
    };

    JsonNode first = twin.load(lines);
    JsonNode second = twin.load(lines);

    assertThat(first.path("accepted").intValue()).isEqualTo(3);
    assertThat(second.path("unchanged").intValue()).isEqualTo(3);
    assertThat(twin.stored("i-1") + twin.stored("i-2")).doesNotContain("Gneiss").contains("law");
    assertThat(json(twin.get("nodes/i-1")).at("/properties/name").textValue()).isEqualTo("Gneiss");
    assertThat(json(twin.get("nodes/i-2")).path("label").textValue()).isEqualTo("i-2");
  }

  @Test
  void shouldFindPersonsByNameWhateverItsCase() {
    for (int i = 1; i <= 5; i++) {
      twin.put("s-" + i, person((i % 2 == 0 ? "Bo " : "Ada ") + "Schist " + i, ""));
      twin.follow("s-" + i);
    }
    twin.put("s-schist", "{\"type\":\"OrganizationUnit\",\"label\":\"Schist\"}");
    twin.follow("s-schist");

    JsonNode all = json(twin.get("nodes?q=SCHIST"));
    JsonNode first = json(twin.get("nodes?q=bo+schist&limit=1"));
    JsonNode rest =
        json(twin.get("nodes?q=bo+schist&limit=1&cursor=" + first.path("nextCursor").textValue()));
    JsonNode typed = json(twin.get("nodes?q=schist&type=Person"));

    assertThat(all.path("items")).hasSize(6);
    assertThat(first.at("/items/0/label").textValue()).isEqualTo("Bo Schist 2");
    assertThat(rest.at("/items/0/label").textValue()).isEqualTo("Bo Schist 4");
    assertThat(rest.path("nextCursor").isNull()).isTrue();
    assertThat(typed.path("items")).hasSize(5);
    assertThat(json(twin.get("nodes?q=pd1&type=Person")).path("items")).isEmpty();
  }

  @Test
  void shouldForgetAnErasedPersonAndKeepTheRest() {
    twin.put("leaver", person("Ada Marble", "\"fte\":0.5,\"email\":\"marble@x.example\""));
    twin.put("stayer", person("Bo Marble", ""));
    twin.follow("leaver", "stayer");

    Reply erased = twin.erase("leaver");
    Reply again = twin.erase("leaver");

    assertThat(erased.statusCode()).isEqualTo(200);
    assertThat(json(erased).path("subject").textValue()).isEqualTo("leaver");
    assertThat(again.body()).isEqualTo(erased.body());
    assertThat(json(twin.get("nodes/leaver")).path("label").textValue()).isEqualTo("(erased)");
    assertThat(json(twin.get("nodes/leaver")).path("properties").toString())
        .isEqualTo("{\"email\":\"(erased)\",\"fte\":0.5}");
    assertThat(twin.get("nodes/leaver/history").body())
        .contains("(erased)")
        .doesNotContain("Marble", "marble");
    assertThat(json(twin.get("nodes?q=marble")).path("items")).hasSize(1);
    assertThat(json(twin.get("nodes/stayer")).path("label").textValue()).isEqualTo("Bo Marble");
  }

  @Test
  void shouldStoreNothingPersonalOfTheErasedAgain() {
    twin.put("gone", person("Ada", "\"fte\":1"));
    twin.erase("gone");

    Reply put = twin.put("gone", person("Ada", ""));
    Reply patched = twin.patch("gone", "{\"label\":\"Ada\"}");
    JsonNode loaded =
        twin.load("{\"node\":{\"id\":\"gone\",\"type\":\"Person\",\"label\":\"Ada Pumice\"}}");
    Reply number = twin.patch("gone", "{\"properties\":{\"fte\":0.5}}");

    assertThat(problem(put).path("code").textValue()).isEqualTo("subject-erased");
    assertThat(put.statusCode()).isEqualTo(422);
    assertThat(problem(patched).path("code").textValue()).isEqualTo("subject-erased");
    assertThat(loaded.at("/errors/0/code").textValue()).isEqualTo("subject-erased");
    assertThat(number.statusCode()).isEqualTo(200);
    assertThat(twin.stored("gone")).doesNotContain("Pumice");
  }

  @Test
  void shouldNotEraseWhomNobodyKnows() {
    assertThat(problem(twin.erase("nobody-at-all")).path("code").textValue())
        .isEqualTo("not-found");
    twin.has("OrganizationUnit", "no-person");
    assertThat(twin.erase("no-person").statusCode()).isEqualTo(404);
  }
}
