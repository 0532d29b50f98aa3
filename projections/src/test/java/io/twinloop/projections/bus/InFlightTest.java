package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class InFlightTest {

  private final InFlight<String> inFlight = new InFlight<>();

  @Test
  void shouldCommitOneAfterTheOther() {
    begin(5, 6);

    assertThat(inFlight.end(5)).contains("commit 5");
    assertThat(inFlight.end(6)).contains("commit 6");
  }

  @Test
  void shouldWaitForTheOldestAndThenCommitAllThatIsDone() {
    begin(5, 6, 7, 8);

    assertThat(inFlight.end(6)).isEmpty();
    assertThat(inFlight.end(7)).isEmpty();
    assertThat(inFlight.end(5)).contains("commit 7");
    assertThat(inFlight.end(8)).contains("commit 8");
  }

  @Test
  void shouldTakeGapsBetweenOffsetsForNothing() {
    begin(5, 9);

    assertThat(inFlight.end(9)).isEmpty();
    assertThat(inFlight.end(5)).contains("commit 9");
  }

  @Test
  void shouldTellTheTimeOfTheOldestThatIsNotDone() {
    assertThat(inFlight.oldestMillis()).isEqualTo(Long.MAX_VALUE);
    begin(5, 6);
    assertThat(inFlight.oldestMillis()).isEqualTo(500);
    inFlight.end(6);
    assertThat(inFlight.oldestMillis()).isEqualTo(500);
    inFlight.end(5);
    assertThat(inFlight.oldestMillis()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldNeverCommitPastWhatIsNotDoneAndAtLastCommitAll() {
    long seed = System.nanoTime();
    List<Long> order = new ArrayList<>(LongStream.range(0, 500).boxed().toList());
    order.forEach(this::begin);
    Collections.shuffle(order, new Random(seed));
    List<Long> open = new ArrayList<>(LongStream.range(0, 500).boxed().toList());
    long committed = -1;

    for (long offset : order) {
      open.remove(offset);
      var commit = inFlight.end(offset);
      if (commit.isPresent()) {
        long next = Long.parseLong(commit.get().substring("commit ".length()));
        assertThat(next).as("seed %d", seed).isGreaterThan(committed);
        committed = next;
      }
      long expected = open.isEmpty() ? 499 : open.get(0) - 1;
      assertThat(committed).as("seed %d", seed).isEqualTo(expected);
    }
  }

  private void begin(long... offsets) {
    for (long offset : offsets) {
      inFlight.begin(offset, offset * 100, "commit " + offset);
    }
  }
}
