package io.twinloop.entities.process;

import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.CaseEvent;
import io.twinloop.domain.process.CaseEvent.Phase;
import io.twinloop.domain.process.RecentCases;
import io.twinloop.domain.process.ServiceLevel;
import io.twinloop.domain.process.SlaBreach;
import io.twinloop.entities.Cause;
import java.time.Instant;
import java.util.List;

/** A value of each event of a process's cases and of its flow, with every field filled. */
public final class ProcessSamples {

  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final ServiceLevel LEVEL = new ServiceLevel(30.0, "unit-billing");

  private static final Bottleneck BOTTLENECK =
      new Bottleneck(
          "check", "approve", 40, 20.5, 90.25, 1_000, 0.4, Bottleneck.Kind.HAND_OVER, "40 cases …");

  private ProcessSamples() {}

  public static List<ProcessCase.Event> caseEvents() {
    return List.of(
        new ProcessCase.EventsTaken(
            "invoices",
            "case 7",
            List.of(
                new CaseEvent("check", AT, "ada", Phase.START, false, -42),
                new CaseEvent("check", AT.plusSeconds(60), "ada", Phase.COMPLETE, true, 43)),
            1,
            true,
            true,
            LEVEL,
            AT.plusSeconds(2_592_000),
            AT,
            CAUSE),
        new ProcessCase.CaseClosed(
            "invoices", "case 7", AT, AT.plusSeconds(60), 60 / 86_400.0, true, AT, CAUSE),
        new ProcessCase.ServiceLevelChanged("invoices", "case 7", LEVEL, AT, AT, CAUSE),
        new ProcessCase.SlaBreached(
            "invoices",
            "case 7",
            new SlaBreach(45.5, 30),
            "unit-billing",
            true,
            "loop-1",
            AT,
            CAUSE));
  }

  public static List<ProcessFlow.Event> flowEvents() {
    return List.of(
        new ProcessFlow.CasesEnded(
            List.of(
                new ProcessFlow.Averaged(new RecentCases.Closed("case 7", AT, 45.5), true, 12.25)),
            AT,
            CAUSE),
        new ProcessFlow.BottleneckIdentified(BOTTLENECK, "unit-billing", "loop-1", AT, CAUSE),
        new ProcessFlow.BottleneckLeft(BOTTLENECK, "loop-1", AT, CAUSE));
  }
}
