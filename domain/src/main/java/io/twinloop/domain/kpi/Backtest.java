package io.twinloop.domain.kpi;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a detector would have said of recorded samples. */
public final class Backtest {

  /**
   * What came of it.
   *
   * @param episodes it would have opened, in order
   * @param scores one per sample, in order of time: the size of its z-score, 0 where nothing can be
   *     judged, {@link #FLAT} where a flat baseline was left
   */
  public record Result(List<Found> episodes, List<Double> scores) {}

  /** An episode it would have opened. */
  public record Found(
      Instant openedAt, Severity severity, Anomaly first, @Nullable Instant closedAt) {}

  /** The score of a value that differs from a baseline without any deviation. */
  public static final double FLAT = 1_000.0;

  private Backtest() {}

  /** Runs the detector over samples in order of time. */
  public static Result run(DetectorSpec spec, List<Sample> samples) {
    List<Found> episodes = new ArrayList<>();
    List<Double> scores = new ArrayList<>(samples.size());
    Found open = null;
    for (int i = 0; i < samples.size(); i++) {
      Sample sample = samples.get(i);
      List<Sample> before = samples.subList(Math.max(0, i - spec.window()), i);
      scores.add(Detector.score(spec, before, sample.value()));
      Optional<Anomaly> judged = Detector.judge(spec, before, sample.value());
      if (judged.isEmpty()) {
        if (open != null) {
          episodes.add(
              new Found(open.openedAt(), open.severity(), open.first(), sample.timestamp()));
          open = null;
        }
      } else if (open == null) {
        open = new Found(sample.timestamp(), judged.get().severity(), judged.get(), null);
      } else if (judged.get().severity().compareTo(open.severity()) > 0) {
        open = new Found(open.openedAt(), judged.get().severity(), open.first(), null);
      }
    }
    if (open != null) {
      episodes.add(open);
    }
    return new Result(List.copyOf(episodes), List.copyOf(scores));
  }
}
