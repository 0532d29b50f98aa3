package io.twinloop.multijvm.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.multijvm.ClusterProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Three nodes at work, one thing that goes wrong, and then everything compared that was promised
 * before, meanwhile and after. One cluster serves all faults, so each also meets what the others
 * left behind, and what one broke stays broken.
 *
 * <p>{@code -Dtwinloop.faults=all}, or the names of some, in place of a few at random, {@code
 * -Dtwinloop.rounds=10} for more than once, {@code -Dtwinloop.seed=} for the same again.
 */
@EnabledIfSystemProperty(named = "twinloop.faults", matches = ".+")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultsTest {

  /** So many at random, beside the one that always comes. */
  private static final int SAMPLE = 2;

  private static final double REQUESTS_PER_SECOND = 30;
  private static final int SOME = 60;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** For these a build that is done every few minutes has no time. */
  private static final Set<Fault> LONG =
      EnumSet.of(Fault.PAUSE_60_S, Fault.ROLLING_RESTART, Fault.KILL_TWO_IN_A_ROW);

  private final long seed = Long.getLong("twinloop.seed", new Random().nextInt(1_000_000));
  private final Random chance = new Random(seed);

  private ClusterProcess cluster;
  private ChaosRun run;

  @BeforeAll
  void startAClusterAtWork(@TempDir Path folder) {
    System.out.println("seed " + seed + " (-Dtwinloop.seed)");
    cluster = ClusterProcess.start(folder, 3, ChaosRun::prepared);
    run = ChaosRun.start(cluster, seed, REQUESTS_PER_SECOND, System.out::println);
  }

  @AfterAll
  void end() {
    if (run != null) {
      run.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  @ParameterizedTest
  @MethodSource("faults")
  void shouldKeepEveryPromiseThrough(Fault fault) {
    run.awaitAcknowledged(SOME, PATIENCE);

    run.strike(fault, chance.nextInt(cluster.members().size()));
    run.awaitAcknowledged(SOME, PATIENCE);

    ChaosReport report = run.check();
    run.goOn();
    System.out.println(report.text());
    assertThat(report.findings().sentences()).as("seed %d", seed).isEmpty();
  }

  private Stream<Fault> faults() {
    String wanted = System.getProperty("twinloop.faults", "sample");
    List<Fault> chosen =
        switch (wanted) {
          case "all" -> List.of(Fault.values());
          case "sample" -> sample();
          default -> Stream.of(wanted.split(",", -1)).map(Fault::valueOf).toList();
        };
    int rounds = Integer.getInteger("twinloop.rounds", 1);
    return Collections.nCopies(rounds, chosen).stream()
        .flatMap(List::stream)
        .filter(fault -> run.isPossible(fault));
  }

  private List<Fault> sample() {
    List<Fault> all = new ArrayList<>(List.of(Fault.values()));
    all.removeAll(LONG);
    all.remove(Fault.KILL_AND_STAY_AWAY);
    Collections.shuffle(all, chance);
    List<Fault> sample = new ArrayList<>(all.subList(0, SAMPLE));
    sample.add(0, Fault.KILL_AND_STAY_AWAY);
    return sample;
  }
}
