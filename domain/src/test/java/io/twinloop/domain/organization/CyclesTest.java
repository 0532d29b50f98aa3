package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.organization.Cycles.Cycle;
import io.twinloop.domain.organization.Cycles.Edge;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class CyclesTest {

  @Test
  void shouldFindNoneInATree() {
    assertThat(Cycles.in(edges("a>b", "a>c", "b>d", "c>d"))).isEmpty();
    assertThat(Cycles.in(List.of())).isEmpty();
  }

  @Test
  void shouldFindEachCycleWithTheShortestWayRound() {
    assertThat(Cycles.in(edges("c>a", "a>b", "b>c", "b>x", "x>c", "z>y", "y>z", "c>y", "q>q")))
        .containsExactly(
            new Cycle(List.of("a", "b", "c", "x"), List.of("a", "b", "c", "a")),
            new Cycle(List.of("q"), List.of("q", "q")),
            new Cycle(List.of("y", "z"), List.of("y", "z", "y")));
  }

  @Test
  void shouldFindACycleOfAHundredThousand() {
    List<Edge> edges = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      edges.add(new Edge("n" + i, "n" + (i + 1) % 100_000));
    }
    assertThat(Cycles.in(edges).get(0).nodes()).hasSize(100_000);
  }

  /** Two nodes are in one cycle when each can be reached from the other. */
  @RepeatedTest(50)
  void shouldAgreeWithReachability(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    int nodes = 2 + random.nextInt(9);
    boolean[][] reaches = new boolean[nodes][nodes];
    List<Edge> edges = new ArrayList<>();
    for (int i = random.nextInt(2 * nodes); i >= 0; i--) {
      int from = random.nextInt(nodes);
      int to = random.nextInt(nodes);
      edges.add(new Edge("n" + from, "n" + to));
      reaches[from][to] = true;
    }
    for (int k = 0; k < nodes; k++) {
      for (int i = 0; i < nodes; i++) {
        for (int j = 0; j < nodes; j++) {
          reaches[i][j] |= reaches[i][k] && reaches[k][j];
        }
      }
    }
    TreeSet<String> circular = new TreeSet<>();
    for (int i = 0; i < nodes; i++) {
      if (reaches[i][i]) {
        circular.add("n" + i);
      }
    }

    List<Cycle> cycles = Cycles.in(edges);

    assertThat(cycles.stream().flatMap(cycle -> cycle.nodes().stream()).sorted().toList())
        .as("seed %d, %s", seed, edges)
        .containsExactlyElementsOf(circular);
    for (Cycle cycle : cycles) {
      for (int i = 1; i < cycle.circle().size(); i++) {
        assertThat(edges).contains(new Edge(cycle.circle().get(i - 1), cycle.circle().get(i)));
      }
    }
  }

  private static List<Edge> edges(String... edges) {
    return Arrays.stream(edges)
        .map(edge -> edge.split(">", -1))
        .map(ends -> new Edge(ends[0], ends[1]))
        .toList();
  }
}
