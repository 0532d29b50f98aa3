package io.twinloop.client.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.twinloop.client.demo.Company.Measure;
import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.LoopWatch.Line;
import io.twinloop.client.demo.LoopWatch.Tally;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Loops in plain words, each step told once. */
class LoopWatchTest {

  private final Company company = CompanyBuilder.build(7, LocalDate.of(2026, 3, 31));
  private final Measure kpi = company.kpis().get(0);
  private final Person head = company.managerOf(kpi.ownerId()).orElseThrow();
  private final LoopWatch watch = new LoopWatch(new Narrator(new Names(company)));

  private JsonNode loop(String state, String... steps) {
    try {
      return new ObjectMapper()
          .readTree(
              """
              {"correlationId": "c", "eventType": "dto.kpi.anomaly_detected", "entityId": "%s",
               "state": "%s", "lastAt": "2026-03-31T09:14:21Z", "secToClose": 20.4, "effect": 0.987,
               "steps": [%s]}
              """
                  .formatted(kpi.id(), state, String.join(",", steps)));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private static String step(String second, String phase, String what, String detail) {
    return """
        {"at": "2026-03-31T09:14:%sZ", "phase": "%s", "what": "%s", "detail": {%s}}
        """
        .formatted(second, phase, what, detail);
  }

  private static final String OPENED =
      step(
          "00",
          "sense",
          "anomaly opened",
          "\"value\": 61, \"baselineMean\": 98.04, \"severity\": \"CRITICAL\"");

  @Test
  void shouldTellAnAnomalyInPlainWords() {
    Line line = watch.update("c", loop("open", OPENED)).get(0);
    assertThat(line.loop()).isEqualTo(1);
    assertThat(line.word()).isEqualTo("sensed");
    assertThat(line.sentence())
        .isEqualTo(
            "%s of %s fell to 61 (usual 98): CRITICAL"
                .formatted(kpi.label(), company.unit(kpi.ownerId()).label()));
  }

  @Test
  void shouldNameWhoCompletedWhichTask() {
    String asked =
        step(
            "01",
            "act",
            "task opened",
            "\"workflowId\": \"w\", \"title\": \"Respond to %s\"".formatted(kpi.id()));
    String done =
        step(
            "09",
            "act",
            "task completed",
            "\"workflowId\": \"w\", \"by\": \"%s\", \"output\": {\"resolution\": \"Mended\"}"
                .formatted(head.id()));
    List<Line> lines = watch.update("c", loop("open", OPENED, asked, done));
    assertThat(lines).hasSize(2);
    assertThat(lines.get(1).sentence())
        .isEqualTo(
            "%s (%s) completed «Respond to %s»: Mended"
                .formatted(head.alias(), company.role(head.roleId()).title(), kpi.label()));
  }

  private String sentence(String what, String detail) {
    return watch.update("c", loop("open", step("03", "measure", what, detail))).get(0).sentence();
  }

  @Test
  void shouldSayWhatTheTwinIsConcernedAbout() {
    Company.Unit unit = company.units().get(3);
    assertThat(
            sentence(
                "concern raised",
                "\"type\": \"understaffed\", \"headcount\": 5, \"minimum\": 6, \"nodeId\": \"%s\""
                    .formatted(unit.id())))
        .isEqualTo(unit.label() + " has 5 people and needs 6");
    assertThat(
            sentence(
                "concern settled",
                "\"type\": \"understaffed\", \"value\": 6, \"nodeId\": \"%s\""
                    .formatted(unit.id())))
        .isEqualTo(unit.label() + " has 6 people again");
    assertThat(
            sentence(
                "case over its SLA",
                "\"processId\": \"%s\", \"caseId\": \"i-1\", \"actualDays\": 8.2, \"slaDays\": 5"
                    .formatted(company.processes().get(0).id())))
        .isEqualTo(
            "case i-1 of %s has taken 8.2 days, agreed are 5: CRITICAL"
                .formatted(company.processes().get(0).label()));
  }

  @Test
  void shouldSayHowTheTwinFollowed() {
    Company.Unit unit = company.units().get(3);
    assertThat(
            sentence(
                "twin updated",
                "\"change\": \"changed\", \"nodeId\": \"%s\", \"properties\": {\"headcount\": {\"before\": 6, \"after\": 5}}"
                    .formatted(unit.id())))
        .isEqualTo(unit.label() + ": headcount 6 → 5");
    assertThat(
            sentence(
                "twin updated",
                "\"change\": \"relation ended\", \"nodeId\": \"%s\", \"relation\": \"BELONGS_TO\", \"targetId\": \"%s\""
                    .formatted(head.id(), unit.id())))
        .isEqualTo("%s no longer belongs to %s".formatted(head.alias(), unit.label()));
  }

  @Test
  void shouldTellEachStepOnceAlsoOneThatCameLate() {
    String late =
        step(
            "00",
            "decide",
            "workflow started",
            "\"definition\": \"twinloop/kpi-anomaly-response@1.0.0\"");
    assertThat(watch.update("c", loop("open", OPENED))).hasSize(1);
    assertThat(watch.update("c", loop("open", late, OPENED)))
        .extracting(Line::sentence)
        .containsExactly("workflow kpi-anomaly-response answers");
    assertThat(watch.update("c", loop("open", late, OPENED))).isEmpty();
  }

  @Test
  void shouldCloseALoopOnceAndCountIt() {
    watch.update("c", loop("open", OPENED));
    assertThat(watch.missing()).contains("an anomaly");
    assertThat(watch.allClosed()).isFalse();
    List<Line> lines = watch.update("c", loop("closed", OPENED));
    assertThat(lines).extracting(Line::word).containsExactly("closed");
    assertThat(lines.get(0).sentence()).contains("20 s after it was sensed", "99 %");
    assertThat(watch.update("c", loop("closed", OPENED))).isEmpty();
    assertThat(watch.missing()).containsExactly("a vacancy", "an SLA breach");
    assertThat(watch.allClosed()).isTrue();
    assertThat(watch.unfinished()).isEmpty();
    Tally tally = watch.tallies().get(0);
    assertThat(tally.opened()).isEqualTo(1);
    assertThat(tally.closed()).isEqualTo(1);
    assertThat(tally.medianSeconds().orElseThrow()).isEqualTo(20.4);
  }

  @Test
  void shouldSayWhatItHasNoWordsForInTheProductsOwn() {
    List<Line> lines = watch.update("c", loop("open", step("03", "measure", "something new", "")));
    assertThat(lines.get(0).sentence()).isEqualTo("something new: " + kpi.label());
  }
}
