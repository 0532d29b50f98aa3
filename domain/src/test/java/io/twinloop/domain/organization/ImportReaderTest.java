package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.twinloop.domain.organization.ImportLine.NodeLine;
import io.twinloop.domain.organization.ImportLine.Read;
import io.twinloop.domain.organization.ImportLine.Refused;
import io.twinloop.domain.organization.ImportLine.RelationLine;
import io.twinloop.domain.organization.ImportLine.Sound;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Statements of an import, as JSON brings them. */
class ImportReaderTest {

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .configure(com.fasterxml.jackson.core.JsonParser.Feature.ALLOW_SINGLE_QUOTES, true);

  @Test
  void shouldReadANode() {
    NodeLine line =
        (NodeLine)
            sound(
                "{'node':{'id':'it','type':'OrganizationUnit','label':'IT','properties':{'fte':3.5}}}");

    assertThat(line.id()).isEqualTo("it");
    assertThat(line.content().type()).isEqualTo(NodeType.ORGANIZATION_UNIT);
    assertThat(line.content().label()).isEqualTo("IT");
    assertThat(line.content().properties().toString()).isEqualTo("{\"fte\":3.5}");
  }

  @Test
  void shouldCallANodeWithoutALabelByItsId() {
    NodeLine line = (NodeLine) sound("{'node':{'id':'it','type':'Role','label':null}}");

    assertThat(line.content().label()).isEqualTo("it");
  }

  @Test
  void shouldReadARelationByAnyOfItsNames() {
    Read one =
        read(
            "{'relation':{'source':'a','relation':'PART_OF','target':'b','validFrom':'2026-01-31'}}");
    Read other =
        read(
            "{'relation':{'from':'a','type':'PART_OF','to':'b','validFrom':'2026-01-31T00:00:00Z'}}");

    assertThat(one).isEqualTo(other);
    RelationLine line = (RelationLine) ((Sound) one).line();
    assertThat(line.relation()).isEqualTo(RelationType.PART_OF);
    assertThat(line.validFrom()).isEqualTo(Instant.parse("2026-01-31T00:00:00Z"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "[] # invalid-fields # []",
        "{} # invalid-fields # none",
        "{'node':{'id':'a','type':'Role'},'relation':{}} # invalid-fields # node, relation",
        "{'node':5} # invalid-fields # 5",
        "{'node':{'id':'a b','type':'Role'}} # invalid-fields # 'a b'",
        "{'node':{'type':'Role'}} # invalid-fields # nothing",
        "{'node':{'id':'a','type':'Team'}} # unknown-type # 'Team'",
        "{'node':{'id':'a','type':'KPI'}} # unknown-type # 'KPI'",
        "{'node':{'id':'a','type':'Role','label':5}} # invalid-fields # 5",
        "{'node':{'id':'a','type':'Role','name':'x'}} # invalid-fields # 'name'",
        "{'node':{'id':'a','type':'Role','properties':[1]}} # invalid-fields # [1]",
        "{'node':{'id':'a','type':'Person','properties':{'fte':9}}} # refused # fte of a Person is 9",
        "{'relation':{'source':'a','relation':'KNOWS','target':'b'}} # unknown-relation # 'KNOWS'",
        "{'relation':{'source':'a','target':'b'}} # unknown-relation # nothing",
        "{'relation':{'source':'a','relation':'PART_OF'}} # invalid-fields # target is nothing",
        "{'relation':{'source':'a','from':'a','relation':'PART_OF','target':'b'}} # invalid-fields # not both",
        "{'relation':{'source':'a','relation':'PART_OF','target':'b','validFrom':'soon'}} # invalid-fields # 'soon'",
        "{'relation':{'source':'a','relation':'DEPENDS_ON','target':'b','properties':{'is_blocking':1}}} # refused # is_blocking",
      })
  void shouldSayWhatIsWrong(String json, String code, String quoted) {
    Refused refused = (Refused) read(json);

    assertThat(refused.code()).isEqualTo(code);
    assertThat(refused.sentence()).contains(quoted);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "{'node':{'id':'a','type':'Person','label':['Quartz']}} # label of 'a'",
        "{'node':{'id':'a','type':'Person','properties':['Quartz']}} # properties of 'a'",
      })
  void shouldNotRepeatWhatIsPersonal(String json, String named) throws JsonProcessingException {
    ImportReader reader =
        new ImportReader(new PersonalFields(Map.of(NodeType.PERSON, List.of("label"))));

    Refused refused = (Refused) reader.read(JSON.readTree(json));

    assertThat(refused.code()).isEqualTo("invalid-fields");
    assertThat(refused.sentence()).contains(named, "expected").doesNotContain("Quartz");
  }

  @Test
  void shouldTellStatementsOfOneThingApartByWhatTheySay() {
    ImportLine it = sound("{'node':{'id':'it','type':'Role','properties':{'a':1,'b':2}}}");
    ImportLine same = sound("{'node':{'properties':{'b':2.0,'a':1},'type':'Role','id':'it'}}");
    ImportLine other = sound("{'node':{'id':'it','type':'Role','properties':{'a':1}}}");
    StatementLedger ledger = new StatementLedger(10);

    assertThat(ledger.say(it)).isEqualTo(StatementLedger.Before.NOTHING);
    assertThat(ledger.say(same)).isEqualTo(StatementLedger.Before.THE_SAME);
    assertThat(ledger.say(other)).isEqualTo(StatementLedger.Before.SOMETHING_ELSE);
  }

  @Test
  void shouldRememberManyStatementsUpToABound() {
    StatementLedger ledger = new StatementLedger(5_000);
    for (int i = 0; i < 6_000; i++) {
      assertThat(ledger.say(role(i))).isEqualTo(StatementLedger.Before.NOTHING);
    }
    for (int i = 0; i < 6_000; i++) {
      assertThat(ledger.say(role(i)))
          .isEqualTo(i < 5_000 ? StatementLedger.Before.THE_SAME : StatementLedger.Before.NOTHING);
    }
  }

  private static NodeLine role(int i) {
    return new NodeLine("role-" + i, new NodeContent(NodeType.ROLE, "R", NodeProperties.NONE));
  }

  private static ImportLine sound(String json) {
    return ((Sound) read(json)).line();
  }

  private static Read read(String json) {
    try {
      return new ImportReader(PersonalFields.NONE).read(JSON.readTree(json));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
