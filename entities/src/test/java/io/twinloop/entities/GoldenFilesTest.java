package io.twinloop.entities;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.kpi.KpiSamples;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.OrgNodeSamples;
import java.util.List;
import java.util.Set;
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
   * @param events the sealed interface of its events
   * @param samples a value of each class; several of one class are its versions, oldest first
   */
  private record Recorded(String name, Class<?> events, List<?> samples) {}

  private static final List<Recorded> ENTITIES =
      List.of(
          new Recorded("Kpi", Kpi.Event.class, KpiSamples.events()),
          new Recorded("OrgNode", OrgNode.Event.class, OrgNodeSamples.events()));

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
        .flatMap(
            entity ->
                Stream.of(entity.events().getPermittedSubclasses())
                    .flatMap(event -> versionsOf(entity, event)));
  }

  private static Stream<DynamicTest> versionsOf(Recorded entity, Class<?> event) {
    List<?> versions = entity.samples().stream().filter(event::isInstance).toList();
    return IntStream.rangeClosed(1, versions.size())
        .mapToObj(
            version ->
                DynamicTest.dynamicTest(
                    "%s.%s.v%d".formatted(entity.name(), event.getSimpleName(), version),
                    () ->
                        goldenFiles.check(
                            entity.name(),
                            version,
                            version == versions.size(),
                            versions.get(version - 1))));
  }

  @TestFactory
  Stream<DynamicTest> shouldHaveASampleOfEachEvent() {
    return ENTITIES.stream()
        .map(
            entity ->
                DynamicTest.dynamicTest(
                    entity.name(),
                    () -> {
                      Set<Class<?>> sampled =
                          entity.samples().stream()
                              .map(Object::getClass)
                              .collect(Collectors.toSet());
                      assertThat(sampled)
                          .containsExactlyInAnyOrder(entity.events().getPermittedSubclasses());
                    }));
  }
}
