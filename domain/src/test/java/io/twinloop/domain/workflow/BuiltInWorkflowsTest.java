package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What each workflow that comes with the product asks of people and tells the twin. All start on 2
 * March 2026 at 09:00 UTC.
 */
class BuiltInWorkflowsTest {

  static List<String> names() {
    return BuiltInWorkflows.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void shouldBeValidAndCalledLikeItsFile(String name) {
    WorkflowModel model = Instance.model(BuiltInWorkflows.source(name));

    assertThat(model.namespace()).isEqualTo(BuiltInWorkflows.NAMESPACE);
    assertThat(model.name()).isEqualTo(name);
  }

  @Nested
  class SlaCriticalEscalation {

    private final Instance run =
        started(
            "sla-critical-escalation",
            "{process_id: invoice-approval, actual_days: 8.2, sla_days: 5, delay_days: 3.2,"
                + " owner_unit_id: finance, breach_pct: 64, entity_id: invoice-approval}");

    @Test
    void shouldTellTheManagerAtOnceAndAskUrgently() {
      assertThat(notification(run).to()).containsExactly("managerOf:finance");
      assertThat(notification(run).subject())
          .isEqualTo("CRITICAL: invoice-approval is far over its SLA");
      assertThat(notification(run).message())
          .isEqualTo(
              "invoice-approval takes 8.2 days, agreed are 5 (64 % over)."
                  + " It goes to the CFO unless it is resolved within 2 hours.");
      HumanTask task = task(run);
      assertThat(task.title()).isEqualTo("Urgent: bring invoice-approval back within its SLA");
      assertThat(task.priority()).isEqualTo(HumanTask.Priority.CRITICAL);
      assertThat(task.candidates().managerOf()).isEqualTo("finance");
      assertThat(task.dueAt()).isEqualTo(Instance.START.plus(Duration.ofHours(2)));
      assertThat(task.problems(Instance.yaml("{}"))).hasSize(1);
      assertThat(task.problems(Instance.yaml("{resolution_time_days: -1}"))).hasSize(1);
      assertThat(task.problems(Instance.yaml("{resolution_time_days: 1.5}"))).isEmpty();
    }

    @Test
    void shouldReportWhatTheManagerResolved() {
      run.later(Duration.ofMinutes(30));
      complete(run, "{resolution_time_days: 1.5, resolution: Two more people}");

      EmittedEvent event = run.only(Step.EventEmitted.class).event();
      assertThat(event.type()).isEqualTo("bpa.sla.resolved");
      assertThat(event.subject()).isEqualTo("invoice-approval");
      assertThat(event.extensions())
          .containsEntry("entitytype", "Process")
          .containsEntry("direction", "bpa-to-dto")
          .containsEntry("priority", "medium")
          .containsEntry("correlationid", "corr-1");
      assertThat(event.data())
          .isEqualTo(
              Instance.yaml(
                  "{process_id: invoice-approval, resolution_time_days: 1.5,"
                      + " resolved_at: '2026-03-02T09:30:00Z'}"));
      assertThat(run.output())
          .isEqualTo(
              Instance.yaml(
                  "{process_id: invoice-approval, resolution_time_days: 1.5,"
                      + " resolution: Two more people, resolved_by: ada,"
                      + " resolved_at: '2026-03-02T09:30:00Z'}"));
    }

    @Test
    void shouldEscalateToTheCfoAfterTwoHours() {
      run.nextTimer();

      assertThat(run.now).isEqualTo(Instance.START.plus(Duration.ofHours(2)));
      assertThat(run.execution.pendingHumanTasks()).hasSize(1);
      assertThat(notification(run).to()).containsExactly("role:cfo");
      assertThat(notification(run).subject()).startsWith("ESCALATED: invoice-approval");
      assertThat(task(run).candidates().role()).isEqualTo("cfo");
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.CRITICAL);
      complete(run, "{resolution_time_days: 1.5}");

      assertThat(run.only(Step.EventEmitted.class).event().data().path("resolution_time_days"))
          .isEqualTo(Instance.yaml("1.5"));
      assertThat(run.output().path("escalated_to").asText()).isEqualTo("cfo");
    }

    @Test
    void shouldEscalateAtOnceWhenTheManagerCannotResolveIt() {
      reject(run, "No budget");

      assertThat(task(run).description())
          .isEqualTo(
              "The breach was not resolved by the manager: ada rejected the task: No budget");
      reject(run, "Neither do I");
      assertThat(run.error().type()).isEqualTo(WorkflowError.TASK_REJECTED);
    }

    @Test
    void shouldTakeAnEventThatLeavesThingsOut() {
      Instance bare = started("sla-critical-escalation", "{entity_id: p-1}");

      assertThat(notification(bare).to()).containsExactly("role:operations");
      assertThat(task(bare).candidates().role()).isEqualTo("operations");
      complete(bare, "{resolution_time_days: 2}");
      assertThat(bare.only(Step.EventEmitted.class).event().subject()).isEqualTo("p-1");
    }
  }

  @Nested
  class SlaEscalation {

    private final Instance run =
        started(
            "sla-escalation-workflow",
            "{process_id: p-1, actual_days: 6, sla_days: 5, owner_unit_id: ops, entity_id: p-1}");

    @Test
    void shouldAskTheManagerAndReportTheResolution() {
      assertThat(notification(run).to()).containsExactly("managerOf:ops");
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.HIGH);
      complete(run, "{resolution_time_days: 4}");

      assertThat(data(run))
          .isEqualTo(
              Instance.yaml(
                  "{process_id: p-1, resolution_time_days: 4, resolved_at: '2026-03-02T09:00:00Z'}"));
    }

    @Test
    void shouldGoToOperationsAfterADay() {
      run.nextTimer();

      assertThat(run.now).isEqualTo(Instance.START.plus(Duration.ofDays(1)));
      assertThat(task(run).candidates().role()).isEqualTo("operations");
      complete(run, "{resolution_time_days: 4}");
      assertThat(run.output().path("escalated_to").asText()).isEqualTo("operations");
    }
  }

  @Nested
  class BottleneckReview {

    private final Instance run =
        started(
            "bottleneck-review-workflow",
            "{process_id: p-1, from_activity: Check, to_activity: Pay, median_wait_hours: 30,"
                + " evidence: Half of all waiting., owner_unit_id: ops, entity_id: p-1}");

    @Test
    void shouldTellTheTwinWhatWillBeAutomated() {
      assertThat(notification(run).message())
          .isEqualTo(
              "Cases wait between Check and Pay, half of them 30 hours or more."
                  + " Half of all waiting.");
      complete(run, "{automate: true, automation_level: semi-auto, new_avg_time_days: 2.5}");

      assertThat(run.only(Step.EventEmitted.class).event().type())
          .isEqualTo("bpa.process.automated");
      assertThat(data(run))
          .isEqualTo(
              Instance.yaml(
                  "{process_id: p-1, automation_level: semi-auto, new_avg_time_days: 2.5,"
                      + " automated_at: '2026-03-02T09:00:00Z'}"));
    }

    @Test
    void shouldTakeFullAutomationWhenNoLevelIsSaidAndLeaveOutWhatNobodyKnows() {
      complete(run, "{automate: true}");

      assertThat(data(run))
          .isEqualTo(
              Instance.yaml(
                  "{process_id: p-1, automation_level: full-auto,"
                      + " automated_at: '2026-03-02T09:00:00Z'}"));
    }

    @Test
    void shouldTellNothingWhenItStaysAsItIs() {
      complete(run, "{automate: false, comment: The wait is wanted}");

      assertThat(run.all(Step.EventEmitted.class)).isEmpty();
      assertThat(run.output())
          .isEqualTo(
              Instance.yaml(
                  "{process_id: p-1, automate: false, comment: The wait is wanted,"
                      + " reviewed_by: ada}"));
    }
  }

  @Nested
  class RestructuringImpactReport {

    @Test
    void shouldCompareBeforeAndAfter() {
      Instance run =
          started(
              "restructuring-impact-report",
              "{simulation_id: s-1, name: Merge, before: {headcount: 10, cost: 5.5, x: a},"
                  + " after: {headcount: 8, cost: 4.5, x: b}, blast_radius: [u-1]}");

      assertThat(run.only(Step.NotificationRequested.class).notification().message())
          .isEqualTo("headcount: 10 before, 8 after; cost: 5.5 before, 4.5 after.");
      assertThat(run.output().at("/report/figures/0"))
          .isEqualTo(Instance.yaml("{figure: headcount, before: 10, after: 8, difference: -2}"));
      assertThat(run.output().at("/report/blast_radius")).isEqualTo(Instance.yaml("[u-1]"));
    }

    @Test
    void shouldReportASimulationThatSaysLittle() {
      Instance run = started("restructuring-impact-report", "{simulation_id: s-1}");

      assertThat(run.only(Step.NotificationRequested.class).notification().message())
          .isEqualTo("No figure can be compared.");
    }
  }

  @Nested
  class HiringRequest {

    private final Instance run =
        started(
            "hiring-request-workflow",
            "{unit_id: finance, role_id: r-1, role_title: Accountant,"
                + " detected_at: '2026-03-02T08:59:00Z', entity_id: r-1}");

    @Test
    void shouldDraftAPostingAndTellHr() {
      assertThat(notification(run).to()).containsExactly("role:hr-manager");
      assertThat(notification(run).message())
          .isEqualTo("A job posting is drafted, please check it: Wanted: Accountant in finance.");
      assertThat(task(run).title()).isEqualTo("Fill the vacancy: Accountant in finance");
      assertThat(task(run).candidates().role()).isEqualTo("hr-manager");
    }

    @Test
    void shouldStartTheOnboardingOfWhoIsHired() {
      complete(run, "{employee_id: e-9, join_date: '2026-04-01', fte: 0.8}");

      ChildWorkflow onboarding = run.only(Step.WorkflowRequested.class).workflow();
      assertThat(onboarding.name()).isEqualTo(BuiltInWorkflows.EMPLOYEE_ONBOARDING);
      assertThat(onboarding.input())
          .isEqualTo(
              Instance.yaml(
                  "{employee_id: e-9, join_date: '2026-04-01', fte: 0.8, unit_id: finance,"
                      + " role_id: r-1, entity_id: e-9, entity_type: Person}"));
      assertThat(onboarding.correlationId()).isEqualTo("corr-1");
      run.answer("started");
      assertThat(run.output().at("/job_posting/status").asText()).isEqualTo("draft");
      assertThat(run.output().at("/hired/employee_id").asText()).isEqualTo("e-9");
    }

    @Test
    void shouldEndWithoutAnybodyHired() {
      complete(run, "{comment: The role goes}");

      assertThat(run.all(Step.WorkflowRequested.class)).isEmpty();
      assertThat(run.output().has("hired")).isFalse();
    }
  }

  @Nested
  class BudgetAlert {

    private final Instance run =
        started(
            "budget-alert-workflow",
            "{unit_id: finance, forecast_eur: 120000, budget_eur: 100000, overrun_pct: 20,"
                + " entity_id: finance}");

    @Test
    void shouldTellTheTwinWhatIsApproved() {
      assertThat(notification(run).message())
          .isEqualTo("The forecast is 120000 EUR, the budget 100000 EUR (20 % over).");
      complete(run, "{approved_eur: 125000}");

      assertThat(run.only(Step.EventEmitted.class).event().type()).isEqualTo("bpa.budget.approved");
      assertThat(data(run))
          .isEqualTo(Instance.yaml("{unit_id: finance, approved_eur: 125000, approved_by: ada}"));
    }

    @Test
    void shouldTellNothingWhenNothingIsApproved() {
      complete(run, "{comment: Save}");

      assertThat(run.all(Step.EventEmitted.class)).isEmpty();
    }
  }

  @Nested
  class VendorReview {

    private final Instance run =
        started(
            "vendor-review-workflow",
            "{vendor_id: v-1, vendor_name: Acme, score: 40, previous_score: 70, threshold: 60,"
                + " contract_expiry: '2026-06-30', process_ids: [p-1, p-2], entity_id: v-1}");

    @Test
    void shouldTellTheTwinOfARenewal() {
      assertThat(notification(run).message())
          .isEqualTo("Its score is 40, it was 70; the threshold is 60. It supplies p-1, p-2.");
      assertThat(task(run).problems(Instance.yaml("{decision: renew}"))).hasSize(1);
      complete(run, "{decision: renew, contract_id: c-1, expiry_date: '2028-06-30'}");

      assertThat(run.only(Step.EventEmitted.class).event().type())
          .isEqualTo("bpa.contract.renewed");
      assertThat(data(run))
          .isEqualTo(
              Instance.yaml("{vendor_id: v-1, contract_id: c-1, expiry_date: '2028-06-30'}"));
    }

    @Test
    void shouldTellNothingOfAVendorThatIsReplaced() {
      complete(run, "{decision: replace}");

      assertThat(run.all(Step.EventEmitted.class)).isEmpty();
      assertThat(run.output().path("decision").asText()).isEqualTo("replace");
    }
  }

  @Nested
  class ComplianceCheck {

    @Test
    void shouldAskWhoIsResponsible() {
      Instance run =
          started(
              "compliance-check-workflow",
              "{obligation_id: o-1, title: GDPR report, deadline: '2026-03-09', days_left: 7,"
                  + " responsible_id: e-1, entity_id: o-1}");

      assertThat(notification(run).subject()).isEqualTo("GDPR report is due in 7 days");
      assertThat(task(run).candidates().users()).containsExactly("e-1");
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.HIGH);
      complete(run, "{fulfilled: true, evidence: doc-7}");
      assertThat(run.output())
          .isEqualTo(
              Instance.yaml(
                  "{obligation_id: o-1, fulfilled: true, evidence: doc-7, checked_by: ada}"));
      assertThat(run.all(Step.NotificationRequested.class)).hasSize(1);
    }

    @Test
    void shouldWarnWhenItIsNotFulfilled() {
      Instance run = started("compliance-check-workflow", "{entity_id: o-1, days_left: 1}");

      assertThat(task(run).candidates().role()).isEqualTo("compliance");
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.CRITICAL);
      complete(run, "{fulfilled: false}");
      assertThat(notification(run).message()).isEqualTo("ada says that o-1 is not fulfilled yet.");
    }
  }

  @Nested
  class EmployeeOnboarding {

    @Test
    void shouldTellTheTwinOnTheFirstDay() {
      Instance run =
          started(
              "employee-onboarding-workflow",
              "{employee_id: e-9, unit_id: finance, role_id: r-1, fte: 0.8,"
                  + " join_date: '2026-04-01'}");
      assertThat(subjects(run))
          .containsExactly(
              "Create an account for e-9",
              "Grant e-9 the access of finance",
              "Prepare a workplace for e-9");
      assertThat(run.all(Step.EventEmitted.class)).isEmpty();

      run.nextTimer();

      assertThat(run.now).isEqualTo(Instant.parse("2026-04-01T00:00:00Z"));
      assertThat(run.only(Step.EventEmitted.class).event().type())
          .isEqualTo("bpa.employee.onboarded");
      assertThat(run.only(Step.EventEmitted.class).event().subject()).isEqualTo("e-9");
      assertThat(data(run))
          .isEqualTo(
              Instance.yaml(
                  "{employee_id: e-9, unit_id: finance, role_id: r-1, fte: 0.8,"
                      + " join_date: '2026-04-01'}"));
      complete(run, "{account_created: true}");
      assertThat(run.output().path("account_created").asBoolean()).isTrue();
    }

    @Test
    void shouldNotWaitWhenNoDayIsSaid() {
      Instance run =
          started("employee-onboarding-workflow", "{employee_id: e-9, unit_id: finance}");

      assertThat(data(run)).isEqualTo(Instance.yaml("{employee_id: e-9, unit_id: finance}"));
    }
  }

  @Nested
  class EmployeeOffboarding {

    @Test
    void shouldTellTheTwinOnceTheLastDayHasCome() {
      Instance run =
          started(
              "employee-offboarding-workflow",
              "{employee_id: e-1, unit_id: finance, role_id: r-1, left_on: '2026-03-02'}");

      assertThat(subjects(run))
          .containsExactly(
              "Disable the account of e-1",
              "Revoke all access of e-1",
              "Recover the equipment of e-1");
      assertThat(run.only(Step.EventEmitted.class).event().type())
          .isEqualTo("bpa.employee.offboarded");
      assertThat(data(run))
          .isEqualTo(
              Instance.yaml(
                  "{employee_id: e-1, unit_id: finance, role_id: r-1, left_on: '2026-03-02'}"));
      assertThat(task(run).candidates().managerOf()).isEqualTo("finance");
      complete(run, "{account_disabled: true, access_revoked: true, assets_recovered: true}");
      assertThat(run.output().path("assets_recovered").asBoolean()).isTrue();
    }

    @Test
    void shouldWaitForALastDayToCome() {
      Instance run =
          started(
              "employee-offboarding-workflow",
              "{employee_id: e-1, unit_id: finance, left_on: '2026-03-31'}");
      assertThat(run.steps).noneMatch(Step.NotificationRequested.class::isInstance);

      run.nextTimer();

      assertThat(run.now).isEqualTo(Instant.parse("2026-03-31T00:00:00Z"));
      assertThat(run.all(Step.EventEmitted.class)).hasSize(1);
    }
  }

  @Nested
  class InvoiceApproval {

    @ParameterizedTest
    @CsvSource({
      "0, 9999.99, automatic",
      "29.9, 0, automatic",
      "29.9, 10000, human",
      "30, 1, human",
      "69.9, 50000, human",
      ", 1, human",
      "70, 1, escalated",
      "100, 50000, escalated"
    })
    void shouldGoTheWayOfItsRiskAndAmount(String risk, String amount, String route) {
      ObjectNode invoice =
          (ObjectNode) Instance.yaml("{invoice_id: i-1, amount_eur: " + amount + "}");
      if (risk != null) {
        invoice.set("risk", Instance.yaml(risk));
      }
      Instance run =
          Instance.of(BuiltInWorkflows.source("invoice-approval-workflow")).start(invoice);

      if (!route.equals("automatic")) {
        assertThat(task(run).candidates().role())
            .isEqualTo(route.equals("human") ? "accounts-payable" : "cfo");
        complete(run, "{approved: true}");
      }
      assertThat(run.output().path("route").asText()).isEqualTo(route);
      assertThat(run.output().path("approved").asBoolean()).isTrue();
    }

    @Test
    void shouldMeasureHowLongItTook() {
      Instance run =
          started(
              "invoice-approval-workflow",
              "{invoice_id: i-1, amount_eur: 20, risk: 50, kpi_id: approval-time}");
      run.later(Duration.ofMinutes(90));
      complete(run, "{approved: false, comment: Twice}");

      assertThat(run.only(Step.EventEmitted.class).event().subject()).isEqualTo("approval-time");
      assertThat(data(run))
          .isEqualTo(
              Instance.yaml(
                  "{value: 1.5, workflow_id: wf-1, measured_at: '2026-03-02T10:30:00Z'}"));
      assertThat(run.output())
          .isEqualTo(
              Instance.yaml(
                  "{invoice_id: i-1, approved: false, route: human, decided_by: ada,"
                      + " comment: Twice, approval_time_hours: 1.5}"));
    }
  }

  @Nested
  class ContractRenewal {

    private static final String NAME = "contract-renewal-workflow";

    @Test
    void shouldAskAtNinetySixtyAndThirtyDays() {
      Instance run = started(NAME, "{vendor_id: v-1, contract_id: c-1, expiry_date: '2026-12-31'}");
      assertThat(run.execution.pendingHumanTasks()).isEmpty();

      run.nextTimer();
      assertThat(run.now).isEqualTo(Instant.parse("2026-10-02T00:00:00Z"));
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.LOW);
      run.nextTimer();
      assertThat(run.now).isEqualTo(Instant.parse("2026-11-01T00:00:00Z"));
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.MEDIUM);
      run.nextTimer();
      assertThat(run.now).isEqualTo(Instant.parse("2026-12-01T00:00:00Z"));
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.HIGH);
      assertThat(task(run).candidates().role()).isEqualTo("head-of-purchasing");
      complete(run, "{renew: true, expiry_date: '2027-12-31', annual_value_eur: 1000}");

      assertThat(data(run))
          .isEqualTo(
              Instance.yaml(
                  "{vendor_id: v-1, contract_id: c-1, expiry_date: '2027-12-31',"
                      + " annual_value_eur: 1000}"));
    }

    @Test
    void shouldNotAskAgainOnceItIsDecided() {
      Instance run = started(NAME, "{vendor_id: v-1, expiry_date: '2026-05-15'}");
      assertThat(task(run).priority()).isEqualTo(HumanTask.Priority.LOW);
      complete(run, "{renew: false}");

      assertThat(run.all(Step.EventEmitted.class)).isEmpty();
      assertThat(run.output())
          .isEqualTo(
              Instance.yaml(
                  "{vendor_id: v-1, renewed: false, expiry_date: '2026-05-15', decided_by: ada}"));
    }

    @Test
    void shouldBeginLateWithTheStepThatIsNext() {
      assertThat(task(started(NAME, "{vendor_id: v-1, expiry_date: '2026-04-15'}")).priority())
          .isEqualTo(HumanTask.Priority.MEDIUM);
      assertThat(task(started(NAME, "{vendor_id: v-1, expiry_date: '2026-03-03'}")).priority())
          .isEqualTo(HumanTask.Priority.HIGH);
    }
  }

  private static Instance started(String name, String input) {
    return Instance.of(BuiltInWorkflows.source(name)).start(Instance.yaml(input));
  }

  /** The last one sent. */
  private static Notification notification(Instance run) {
    return run.all(Step.NotificationRequested.class)
        .reduce((earlier, last) -> last)
        .orElseThrow()
        .notification();
  }

  private static List<String> subjects(Instance run) {
    return run.all(Step.NotificationRequested.class)
        .map(step -> step.notification().subject())
        .toList();
  }

  /** The one that is open. */
  private static HumanTask task(Instance run) {
    return run.execution.pendingHumanTasks().get(0).task();
  }

  private static JsonNode data(Instance run) {
    return run.only(Step.EventEmitted.class).event().data();
  }

  private static void complete(Instance run, String data) {
    assertThat(task(run).problems(Instance.yaml(data))).isEmpty();
    TaskRef ref = run.execution.pendingHumanTasks().get(0).ref();
    run.send(new Signal.HumanTaskCompleted(ref, Instance.yaml(data), "ada"));
  }

  private static void reject(Instance run, String reason) {
    TaskRef ref = run.execution.pendingHumanTasks().get(0).ref();
    run.send(new Signal.HumanTaskRejected(ref, "ada", reason));
  }
}
