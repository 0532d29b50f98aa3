package io.twinloop.entities;

import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.process.CaseTrack;
import io.twinloop.domain.process.EventKeys;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.kpi.KpiSamples;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.OrgNodeSamples;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.entities.organization.SimulationSamples;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.entities.process.ProcessSamples;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.WorkflowSamples;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.persistence.testkit.javadsl.EventSourcedBehaviorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every command and reply can be read as each release sent it: while nodes are restarted in turns,
 * those of two releases talk to each other.
 */
class MessageFilesTest {

  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final Map<String, List<Class<?>>> MESSAGES = new LinkedHashMap<>();

  static {
    MESSAGES.put("Kpi", List.of(Kpi.Command.class, Kpi.Reply.class));
    MESSAGES.put("OrgNode", List.of(OrgNode.Command.class, OrgNode.Reply.class));
    MESSAGES.put("ProcessCase", List.of(ProcessCase.Command.class, ProcessCase.Reply.class));
    MESSAGES.put("ProcessFlow", List.of(ProcessFlow.Command.class, ProcessFlow.Reply.class));
    MESSAGES.put("Simulation", List.of(Simulation.Command.class, Simulation.Reply.class));
    MESSAGES.put(
        "WorkflowDefinition",
        List.of(WorkflowDefinition.Command.class, WorkflowDefinition.Reply.class));
    MESSAGES.put(
        "WorkflowInstance", List.of(WorkflowInstance.Command.class, WorkflowInstance.Reply.class));
  }

  private static ActorTestKit system;
  private static GoldenFiles files;
  private static FilledRecords records;

  @BeforeAll
  static void start() {
    system = ActorTestKit.create("twinloop", EventSourcedBehaviorTestKit.config());
    files = new GoldenFiles(system.system());
    records =
        new FilledRecords(system.system().deadLetters())
            .learn(
                List.of(
                    new Measurement(AT, 9.5, "erp", 0.9),
                    new Sample(AT, 9.5, "erp", 0.9),
                    new CaseTrack(AT, AT, true, EventKeys.NONE)))
            .learn(KpiSamples.events())
            .learn(OrgNodeSamples.events())
            .learn(ProcessSamples.caseEvents())
            .learn(ProcessSamples.flowEvents())
            .learn(SimulationSamples.events())
            .learn(WorkflowSamples.definitionEvents())
            .learn(WorkflowSamples.instanceEvents());
  }

  @AfterAll
  static void stop() {
    system.shutdownTestKit();
  }

  @TestFactory
  Stream<DynamicTest> shouldReadEachMessageAsItWasSent() {
    return MESSAGES.entrySet().stream()
        .flatMap(
            entity ->
                entity.getValue().stream()
                    .flatMap(messages -> Stream.of(messages.getPermittedSubclasses()))
                    .map(
                        message -> {
                          String name = entity.getKey() + "." + message.getSimpleName();
                          return DynamicTest.dynamicTest(
                              name, () -> files.checkMessage(name, records.make(message)));
                        }));
  }
}
