package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.outbound.Channel;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KpiAnomalyResponseTest {

  private static final String SOURCE =
      BuiltInWorkflows.source(BuiltInWorkflows.KPI_ANOMALY_RESPONSE);

  private static final JsonNode ANOMALY =
      Instance.yaml(
          "{kpi_name: Rides, kpi_unit: rides/h, current_value: 12.5, baseline_mean: 30, z_score: 4.1,"
              + " severity: CRITICAL, owner_unit_id: unit-7, recommended_action: Call the fleet,"
              + " entity_id: kpi-1, correlation_id: corr-1}");

  @Test
  void shouldTellAskAndReportWhatSomebodyMeasured() {
    Instance instance = Instance.of(SOURCE).start(ANOMALY);
    Notification told = instance.only(Step.NotificationRequested.class).notification();
    HumanTask asked = instance.only(Step.HumanTaskRequested.class).task();

    assertThat(told.channel()).isEqualTo(Channel.LOG);
    assertThat(told.to()).containsExactly("unit-7");
    assertThat(told.subject()).isEqualTo("CRITICAL: Rides is out of bounds");
    assertThat(told.message())
        .isEqualTo("Rides is at 12.5 rides/h, usual is 30. Recommended: Call the fleet");
    assertThat(asked.title()).isEqualTo("Respond to anomaly of Rides");
    assertThat(asked.candidates().unit()).isEqualTo("unit-7");
    assertThat(asked.problems(Instance.yaml("{}"))).isEmpty();
    assertThat(asked.problems(Instance.yaml("{resolution: fixed, measured_value: 29, more: 1}")))
        .isEmpty();
    assertThat(asked.problems(Instance.yaml("{measured_value: much}"))).hasSize(1);

    instance.later(Duration.ofMinutes(3));
    complete(instance, "{resolution: More drivers, measured_value: 29}");

    EmittedEvent event = instance.only(Step.EventEmitted.class).event();
    assertThat(event.type()).isEqualTo("bpa.kpi.updated");
    assertThat(event.subject()).isEqualTo("kpi-1");
    assertThat(event.source()).isEqualTo("//bpa/wf-1");
    assertThat(event.extensions())
        .containsEntry("entitytype", "KPI")
        .containsEntry("direction", "bpa-to-dto")
        .containsEntry("priority", "low")
        .containsEntry("correlationid", "corr-1");
    assertThat(event.data())
        .isEqualTo(
            Instance.yaml("{value: 29, workflow_id: wf-1, measured_at: '2026-03-02T09:03:00Z'}"));
    assertThat(instance.output())
        .isEqualTo(
            Instance.yaml(
                "{resolution: More drivers, responded_by: ada, value: 29,"
                    + " measured_at: '2026-03-02T09:03:00Z'}"));
  }

  @Test
  void shouldReadTheKpiWhenNobodyMeasured() {
    Instance instance = Instance.of(SOURCE).start(ANOMALY);
    complete(instance, "{resolution: Waited}");

    assertThat(instance.only(Step.KpiReadRequested.class).kpiId()).isEqualTo("kpi-1");
    instance.answer("{value: 31.5, timestamp: '2026-03-02T09:02:00Z'}");

    assertThat(instance.only(Step.EventEmitted.class).event().data())
        .isEqualTo(
            Instance.yaml("{value: 31.5, workflow_id: wf-1, measured_at: '2026-03-02T09:02:00Z'}"));
  }

  @Test
  void shouldEmitNothingWhenThereIsNoValue() {
    Instance empty = Instance.of(SOURCE).start(ANOMALY);
    complete(empty, "{}");
    empty.answer("{value: null}");
    Instance unknown = Instance.of(SOURCE).start(ANOMALY);
    complete(unknown, "{}");
    TaskRef read = unknown.execution.waiting().get(0).ref();
    unknown.send(
        new Signal.CallFailed(read, WorkflowError.communication(404, "Unknown", "No such KPI.")));

    assertThat(empty.all(Step.EventEmitted.class)).isEmpty();
    assertThat(empty.execution.status()).isEqualTo(Execution.Status.COMPLETED);
    assertThat(unknown.all(Step.EventEmitted.class)).isEmpty();
    assertThat(unknown.execution.status()).isEqualTo(Execution.Status.COMPLETED);
  }

  @ParameterizedTest
  @CsvSource({"CRITICAL,CRITICAL,PT1M", "HIGH,HIGH,PT15M", "LOW,MEDIUM,PT1H"})
  void shouldPressAsTheSeverityAsks(String severity, HumanTask.Priority priority, Duration due) {
    ObjectNode anomaly = ANOMALY.deepCopy();
    anomaly.put("severity", severity);
    HumanTask task = Instance.of(SOURCE).start(anomaly).only(Step.HumanTaskRequested.class).task();

    assertThat(task.priority()).isEqualTo(priority);
    assertThat(task.dueAt()).isEqualTo(Instance.START.plus(due));
  }

  @Test
  void shouldAskOperationsWhenNobodyOwnsTheKpi() {
    ObjectNode anomaly = ANOMALY.deepCopy();
    anomaly.remove(
        java.util.List.of(
            "owner_unit_id", "recommended_action", "current_value", "baseline_mean", "kpi_unit"));
    Instance instance = Instance.of(SOURCE).start(anomaly);

    assertThat(instance.only(Step.HumanTaskRequested.class).task().candidates().role())
        .isEqualTo("operations");
    assertThat(instance.only(Step.NotificationRequested.class).notification().message())
        .isEqualTo("Rides is out of bounds.");
  }

  private static void complete(Instance instance, String data) {
    TaskRef ref = instance.execution.pendingHumanTasks().get(0).ref();
    instance.send(new Signal.HumanTaskCompleted(ref, Instance.yaml(data), "ada"));
  }
}
