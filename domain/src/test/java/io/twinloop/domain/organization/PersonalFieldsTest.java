package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.domain.personaldata.SubjectKey;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PersonalFieldsTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final PersonalFields fields =
      new PersonalFields(
          Map.of(
              NodeType.PERSON,
              List.of("label", "anonymized_name", "first_name", "address", "skills")));
  private final SubjectKey key = new SubjectKey("p-17", new byte[SubjectKey.BYTES]);

  private static ObjectNode json(String text) throws Exception {
    return (ObjectNode) JSON.readTree(text.replace('\'', '"'));
  }

  private static NodeContent person(String properties) throws Exception {
    return new NodeContent(NodeType.PERSON, "Ada L.", NodeProperties.of(json(properties)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"first_name", "firstName", "First-Name", "FIRSTNAME", "first name"})
  void shouldMeanAFieldInAnySpelling(String name) {
    assertThat(fields.isPersonal(NodeType.PERSON, name)).isTrue();
    assertThat(fields.isPersonal(NodeType.ROLE, name)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"p-17", "Ada", "späť", "人 7", "😀"})
  void shouldTakeAnythingReadableForTheNameOfAPerson(String id) {
    assertThat(PersonalFields.isName(id)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "p\u0000", "\n", "p\u007f", "\ud83d", "\ude00p"})
  void shouldTakeNothingForANameThatWouldNotComeBackAsItIs(String id) throws Exception {
    assertThat(PersonalFields.isName(id)).isFalse();
    ObjectNode data = json("{'firstName': 'Ada'}").put("employee_id", id);
    assertThat(fields.subjectsIn(data, null)).isEmpty();
    assertThat(fields.subjectsIn(data, "p-1")).containsExactly("p-1");
  }

  @Test
  void shouldSealLabelAndMarkedPropertiesAndLeaveTheRest() throws Exception {
    NodeContent sealed =
        fields.sealed(
            person(
                "{'firstName': 'Ada', 'fte': 0.5, 'skills': ['law'],"
                    + " 'address': {'city': 'Bath', 'lines': ['1', '2'], 'until': null}}"),
            key);

    JsonNode properties = sealed.properties().toJson();
    assertThat(open(sealed.label())).isEqualTo(JSON.readTree("\"Ada L.\""));
    assertThat(properties.get("fte").doubleValue()).isEqualTo(0.5);
    assertThat(open(properties.get("firstName").textValue()).textValue()).isEqualTo("Ada");
    assertThat(open(properties.get("skills").textValue())).isEqualTo(JSON.readTree("[\"law\"]"));
    assertThat(open(properties.get("address").get("city").textValue()).textValue())
        .isEqualTo("Bath");
    assertThat(sealed.problems()).isEmpty();
  }

  private JsonNode open(String text) {
    PersonalToken token =
        PersonalToken.in(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)).get(0).token();
    return key.open(token).orElseThrow();
  }

  @Test
  void shouldSealTheSameContentTheSameAndNothingTwice() throws Exception {
    NodeContent once = fields.sealed(person("{'first_name': 'Ada'}"), key);

    assertThat(fields.sealed(person("{'first_name': 'Ada'}"), key)).isEqualTo(once);
    assertThat(fields.sealed(once, key)).isEqualTo(once);
  }

  @Test
  void shouldPatchASealedNodeToWhatSealingThePatchedNodeGives() throws Exception {
    NodeContent before = person("{'first_name': 'Ada', 'address': {'city': 'Bath', 'zip': 'B1'}}");
    ObjectNode patch =
        json("{'label': 'A.', 'properties': {'first_name': null, 'address': {'zip': 'B2'}}}");

    NodeContent clear = ((NodeContent.Sound) before.patched(patch)).content();
    NodeContent sealed =
        ((NodeContent.Sound)
                fields.sealed(before, key).patched(fields.sealedPatch(NodeType.PERSON, patch, key)))
            .content();

    assertThat(sealed).isEqualTo(fields.sealed(clear, key));
  }

  @Test
  void shouldSealInOtherJsonWhatIsSaidOfAPersonByName() throws Exception {
    ObjectNode data =
        json(
            "{'unit_id': 'u', 'label': 'stays', 'hired': {'employee_id': 'p-17',"
                + " 'anonymized_name': 'Ada', 'more': [{'first_name': 'Ada'}]},"
                + " 'gone': {'personId': 'p-18', 'firstName': 'Bo'}}");

    JsonNode sealed = fields.sealedData(data, null, subject -> subject.equals("p-17") ? key : null);

    assertThat(fields.subjectsIn(data, null)).containsExactlyInAnyOrder("p-17", "p-18");
    assertThat(sealed.get("label").textValue()).isEqualTo("stays");
    assertThat(open(sealed.get("hired").get("anonymized_name").textValue()).textValue())
        .isEqualTo("Ada");
    assertThat(open(sealed.at("/hired/more/0/first_name").textValue()).textValue())
        .isEqualTo("Ada");
    assertThat(sealed.at("/gone/firstName").textValue()).isEqualTo(PersonalFields.ERASED);
    assertThat(fields.subjectsIn(sealed, null)).containsExactly("p-18");
  }

  @Test
  void shouldNotRepeatAPersonalValueInARefusal() throws Exception {
    NodeContent content = person("{'anonymized_name': 17, 'skills': 'law', 'fte': 9}");

    assertThat(fields.problems(content).stream().map(Problem::detail))
        .containsExactlyInAnyOrder(
            "anonymized_name is not what it may be (it is personal and not repeated here),"
                + " expected a text of 1 to 500 characters",
            "skills is not what it may be (it is personal and not repeated here),"
                + " expected a list of texts of 1 to 500 characters",
            "fte of a Person is 9, expected a number from 0 to 2");
  }

  @ParameterizedTest
  @ValueSource(strings = {PersonalFields.PERSONAL, PersonalFields.ERASED})
  void shouldRefuseTheWordsThatStandForAValue(String words) throws Exception {
    assertThat(
            fields.problems(person("{'first_name': '%s', 'note': '%s'}".formatted(words, words))))
        .extracting(Problem::pointer)
        .containsExactly("/properties/first_name");
  }

  @ParameterizedTest
  @ValueSource(strings = {"fte", "cost", "employee_id", "employeeId"})
  void shouldRefuseToMarkWhatSumsAndRelationsNeed(String name) {
    assertThatThrownBy(() -> new PersonalFields(Map.of(NodeType.PERSON, List.of(name))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + name + "'");
  }

  @Test
  void shouldMarkAllButThoseWithAStar() {
    PersonalFields all = new PersonalFields(Map.of(NodeType.PERSON, List.of("*")));

    assertThat(all.isPersonal(NodeType.PERSON, "nickname")).isTrue();
    assertThat(all.isPersonal(NodeType.PERSON, "fte")).isFalse();
  }
}
