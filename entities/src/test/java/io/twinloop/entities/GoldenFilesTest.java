package io.twinloop.entities;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.organization.Concern;
import io.twinloop.domain.workflow.Step;
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
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every event of every entity can be read as each release wrote it. */
class GoldenFilesTest {

  /**
   * The events of one entity.
   *
   * @param name as in the files' names
   * @param kinds every kind of event that is recorded: its classes, and what an event carries that
   *     has classes of its own
   * @param samples a value of each kind; several of one kind are its versions, oldest first
   */
  private record Recorded(String name, Set<String> kinds, List<?> samples) {}

  private static final List<Recorded> ENTITIES =
      List.of(
          new Recorded("Kpi", classes(Kpi.Event.class), KpiSamples.events()),
          new Recorded(
              "OrgNode", withEachConcern(classes(OrgNode.Event.class)), OrgNodeSamples.events()),
          new Recorded(
              "ProcessCase", classes(ProcessCase.Event.class), ProcessSamples.caseEvents()),
          new Recorded(
              "ProcessFlow", classes(ProcessFlow.Event.class), ProcessSamples.flowEvents()),
          new Recorded("Simulation", classes(Simulation.Event.class), SimulationSamples.events()),
          new Recorded(
              "WorkflowDefinition",
              classes(WorkflowDefinition.Event.class),
              WorkflowSamples.definitionEvents()),
          new Recorded(
              "WorkflowInstance",
              withEachStep(classes(WorkflowInstance.Event.class)),
              WorkflowSamples.instanceEvents()));

  private static Set<String> classes(Class<?> sealed) {
    return Stream.of(sealed.getPermittedSubclasses())
        .map(Class::getSimpleName)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> withEachStep(Set<String> events) {
    events.remove("Stepped");
    classes(Step.class).forEach(step -> events.add("Stepped-" + step));
    return events;
  }

  private static Set<String> withEachConcern(Set<String> events) {
    events.remove("ConcernRaised");
    classes(Concern.class).forEach(concern -> events.add("ConcernRaised-" + concern));
    return events;
  }

  private static String kindOf(Object sample) {
    if (sample instanceof OrgNode.ConcernRaised raised) {
      return "ConcernRaised-" + raised.concern().concern().getClass().getSimpleName();
    }
    return sample instanceof WorkflowInstance.Stepped stepped
        ? "Stepped-" + stepped.step().getClass().getSimpleName()
        : sample.getClass().getSimpleName();
  }

  private static ActorTestKit system;
  private static GoldenFiles goldenFiles;

  @BeforeAll
  static void start() {
    system = EntityBench.newSystem();
    goldenFiles = new GoldenFiles(system.system());
  }

  @AfterAll
  static void stop() {
    system.shutdownTestKit();
  }

  @TestFactory
  Stream<DynamicTest> shouldReadEachEventAsItWasRecorded() {
    return ENTITIES.stream()
        .flatMap(entity -> entity.kinds().stream().flatMap(kind -> versionsOf(entity, kind)));
  }

  private static Stream<DynamicTest> versionsOf(Recorded entity, String kind) {
    List<?> versions =
        entity.samples().stream().filter(sample -> kindOf(sample).equals(kind)).toList();
    return IntStream.rangeClosed(1, versions.size())
        .mapToObj(
            version -> {
              String file = "%s.%s.v%d".formatted(entity.name(), kind, version);
              return DynamicTest.dynamicTest(
                  file,
                  () ->
                      goldenFiles.check(
                          file, version == versions.size(), versions.get(version - 1)));
            });
  }

  @TestFactory
  Stream<DynamicTest> shouldHaveASampleOfEachEvent() {
    return ENTITIES.stream()
        .map(
            entity ->
                DynamicTest.dynamicTest(
                    entity.name(),
                    () ->
                        assertThat(
                                entity.samples().stream().map(GoldenFilesTest::kindOf).distinct())
                            .containsExactlyInAnyOrderElementsOf(entity.kinds())));
  }
}
