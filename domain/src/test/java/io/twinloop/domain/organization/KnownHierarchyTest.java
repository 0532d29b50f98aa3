package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class KnownHierarchyTest {

  private final KnownHierarchy hierarchy = new KnownHierarchy();

  @Test
  void shouldTellTheCircleARelationWouldClose() {
    hierarchy.learn("team", List.of("department"));
    hierarchy.learn("department", List.of("division"));
    hierarchy.learn("division", List.of());

    assertThat(hierarchy.circle("division", "team"))
        .hasValue(List.of("division", "team", "department", "division"));
    assertThat(hierarchy.circle("team", "division")).isEmpty();
    assertThat(hierarchy.circle("division", "division")).hasValue(List.of("division", "division"));
  }

  @Test
  void shouldSeeEveryWayUp() {
    hierarchy.learn("a", List.of("b", "c"));
    hierarchy.learn("b", List.of());
    hierarchy.learn("c", List.of("d"));

    assertThat(hierarchy.circle("d", "a")).hasValue(List.of("d", "a", "c", "d"));
  }

  @Test
  void shouldSayWhomToAskFirst() {
    hierarchy.learn("a", List.of("b", "c"));
    hierarchy.learn("c", List.of("d"));

    assertThat(hierarchy.unknownAbove(List.of("a", "x"))).containsExactlyInAnyOrder("b", "d", "x");
    hierarchy.learn("b", List.of());
    hierarchy.learn("d", List.of("a"));
    hierarchy.learn("x", List.of());
    assertThat(hierarchy.unknownAbove(List.of("a", "x"))).isEmpty();
  }

  @Test
  void shouldFollowWhatIsAddedUntilItForgets() {
    hierarchy.learn("a", List.of());
    hierarchy.add("a", "b");
    hierarchy.add("unknown", "b");

    assertThat(hierarchy.holds("a", "b")).isTrue();
    assertThat(hierarchy.knows("unknown")).isFalse();
    assertThat(hierarchy.circle("b", "a")).isPresent();
    hierarchy.forget();
    assertThat(hierarchy.circle("b", "a")).isEmpty();
    assertThat(hierarchy.size()).isZero();
  }
}
