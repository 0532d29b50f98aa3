package io.twinloop.domain.identity;

/** What may be done or seen; how far each role comes with it stands in {@link AccessPolicy}. */
public enum Permission implements AccessRule {
  TWIN_READ("twin:read", "nodes, their history, the graph, rollups"),
  PEOPLE_READ("people:read", "members, reporting lines, circles"),
  TWIN_WRITE("twin:write", "change nodes and relations"),
  TWIN_IMPORT("twin:import", "import an organisation"),
  TWIN_SIMULATE("twin:simulate", "what-ifs"),
  PROCESS_READ("process:read", "statistics, graph, bottlenecks and cases of processes"),
  PROCESS_FEED("process:feed", "event logs and live events of processes"),
  KPI_READ("kpi:read", "KPIs, samples, anomalies, insights"),
  KPI_DEFINE("kpi:define", "define and retire KPIs"),
  KPI_SAMPLE("kpi:sample", "samples of one KPI"),
  KPI_BULK("kpi:bulk", "samples of many KPIs at once"),
  KPI_BACKTEST("kpi:backtest", "try detectors on recorded samples"),
  DEFINITION_READ("definition:read", "definitions of workflows"),
  DEFINITION_WRITE("definition:write", "register definitions of workflows"),
  DEFINITION_BACKTEST("definition:backtest", "rehearse definitions on recorded runs"),
  WORKFLOW_READ("workflow:read", "runs of workflows, their history, incidents"),
  WORKFLOW_START("workflow:start", "start workflows"),
  WORKFLOW_OPERATE("workflow:operate", "suspend, resume, cancel, retry, rerun, migrate runs"),
  TASK_READ("task:read", "tasks of people"),
  TASK_WORK("task:work", "claim, release, delegate, complete, reject tasks"),
  OUTBOX_READ("outbox:read", "what was or would be sent"),
  LOOP_READ("loop:read", "loops, step by step"),
  LOOP_STATISTICS("loop:statistics", "how loops do on the whole"),
  EVENT_READ("event:read", "integration events, also live"),
  EVENT_SEND("event:send", "events from outside"),
  HR_FEED("hr:feed", "who joins and who leaves"),
  OPERATIONS_READ("operations:read", "projections, consumers, dead letters, metrics"),
  OPERATIONS_CHANGE(
      "operations:change", "replay or drop dead letters, skip events, send messages again"),
  CLOCK_READ("clock:read", "the product's clock"),
  CLOCK_MOVE("clock:move", "move the product's clock"),
  API_KEYS("api-keys", "make and revoke API keys"),
  AUDIT_READ("audit:read", "who did and was refused what"),
  PERSONAL_DATA_READ("personal-data:read", "fields marked personal, in clear"),
  SUBJECT_ERASE("subject:erase", "erase a person");

  private final String wireName;
  private final String covers;

  Permission(String wireName, String covers) {
    this.wireName = wireName;
    this.covers = covers;
  }

  /** As it stands in refusals, audit entries and the table of the documentation. */
  public String wireName() {
    return wireName;
  }

  /** What it covers, in words. */
  public String covers() {
    return covers;
  }
}
