package io.twinloop.domain.kpi;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the twin remembers of a KPI to judge its next sample: the last samples in order of time.
 *
 * <p>A sample up to {@value #LATEST_PLACE} places late is put in its place, and the samples after
 * it are judged again with it in their baseline: the outcome is that of the samples in order, but
 * for episodes already told, which are never taken back. An older sample goes to history only.
 *
 * @param recent the last samples in order of time, as many as judging needs
 * @param newest the latest timestamp ever taken, absent before the first sample
 */
public record Sensing(List<Sample> recent, @Nullable Instant newest) {

  /** So many samples may be later in time than one that is still judged. */
  public static final int LATEST_PLACE = 10;

  public static final Sensing NOTHING = new Sensing(List.of(), null);

  public Sensing {
    recent = List.copyOf(recent);
  }

  /** A change in the KPI's episodes, as one sample brought it. */
  public sealed interface Transition permits Opened, Worsened, Closed {}

  /** The sample at {@code at} is the first out of band. */
  public record Opened(Instant at, Anomaly anomaly) implements Transition {}

  /** The open episode grew worse with the sample at {@code at}. */
  public record Worsened(Instant at, Anomaly anomaly) implements Transition {}

  /** The sample at {@code at} is back in band. */
  public record Closed(Instant at, double value) implements Transition {}

  /**
   * What a batch of samples means.
   *
   * @param accepted the samples that are new, in order of time
   * @param unchanged how many were known already: same timestamp and source as a remembered one
   * @param transitions the changes of episodes, in order
   */
  public record Sensed(List<Sample> accepted, int unchanged, List<Transition> transitions) {}

  /**
   * Judges samples in order of time.
   *
   * @param open the worst severity of the episode now open, empty when none is
   */
  public Sensed sense(DetectorSpec spec, List<Sample> samples, Optional<Severity> open) {
    Judging judging = new Judging(spec, recent, open.orElse(null));
    List<Sample> ordered = new ArrayList<>(samples);
    ordered.sort(Sample.IN_TIME);
    ordered.forEach(judging::take);
    return new Sensed(judging.accepted, judging.unchanged, judging.transitions);
  }

  /** This memory after {@code accepted}, which is in order of time; judges nothing. */
  public Sensing remember(DetectorSpec spec, List<Sample> accepted) {
    if (accepted.isEmpty()) {
      return this;
    }
    List<Sample> merged = new ArrayList<>(recent);
    for (Sample sample : accepted) {
      merged.add(placeOf(sample, merged), sample);
    }
    int forget = Math.max(0, merged.size() - kept(spec));
    Instant last = accepted.get(accepted.size() - 1).timestamp();
    return new Sensing(
        merged.subList(forget, merged.size()),
        newest == null || last.isAfter(newest) ? last : newest);
  }

  /** The samples of a delivery; one that brought no time gets now, strictly after the newest. */
  public List<Sample> stamp(List<Measurement> measurements, Instant now) {
    List<Sample> samples = new ArrayList<>(measurements.size());
    Instant latest = newest;
    for (Measurement measurement : measurements) {
      Instant stamp = latest == null || now.isAfter(latest) ? now : latest.plusNanos(1_000);
      Sample sample = measurement.at(stamp);
      samples.add(sample);
      latest = latest == null || sample.timestamp().isAfter(latest) ? sample.timestamp() : latest;
    }
    return samples;
  }

  /** Baseline of the sample before the latest one that may still be put in its place. */
  private static int kept(DetectorSpec spec) {
    return spec.window() + LATEST_PLACE + 1;
  }

  /** Where a sample belongs in a list in order of time: after all that are not later. */
  private static int placeOf(Sample sample, List<Sample> ordered) {
    int place = ordered.size();
    while (place > 0 && Sample.IN_TIME.compare(ordered.get(place - 1), sample) > 0) {
      place--;
    }
    return place;
  }

  /** One pass over a batch. */
  private static final class Judging {
    private final DetectorSpec spec;
    private final List<Sample> known;
    private final List<Sample> accepted = new ArrayList<>();
    private final List<Transition> transitions = new ArrayList<>();
    private int unchanged;
    private @Nullable Severity open;

    Judging(DetectorSpec spec, List<Sample> recent, @Nullable Severity open) {
      this.spec = spec;
      this.known = new ArrayList<>(recent);
      this.open = open;
    }

    void take(Sample sample) {
      int place = placeOf(sample, known);
      if (place > 0 && known.get(place - 1).isSameAs(sample)) {
        unchanged++;
        return;
      }
      accepted.add(sample);
      int late = known.size() - place;
      boolean beginningForgotten = known.size() >= kept(spec);
      if (late > LATEST_PLACE || (place == 0 && beginningForgotten)) {
        return;
      }
      if (late == 0) {
        settle(sample, Detector.judge(spec, known, sample.value()));
        known.add(sample);
      } else {
        takeLate(sample, place);
      }
    }

    /** Follows one more judged sample at the end of the series. */
    private void settle(Sample sample, Optional<Anomaly> judged) {
      if (judged.isEmpty()) {
        if (open != null) {
          transitions.add(new Closed(sample.timestamp(), sample.value()));
          open = null;
        }
        return;
      }
      Anomaly anomaly = judged.get();
      if (open == null) {
        transitions.add(new Opened(sample.timestamp(), anomaly));
        open = anomaly.severity();
      } else if (anomaly.severity().compareTo(open) > 0) {
        transitions.add(new Worsened(sample.timestamp(), anomaly));
        open = anomaly.severity();
      }
    }

    /**
     * Judges the samples from {@code place} on again, the late one among them, and tells what is
     * new: a run of anomalies that shares no sample with a run told before is a new episode.
     */
    private void takeLate(Sample sample, int place) {
      List<Boolean> before = new ArrayList<>();
      for (int i = Math.max(0, place - 1); i < known.size(); i++) {
        before.add(judgeAt(i).isPresent());
      }
      boolean toldBefore = place > 0 && before.remove(0);
      before.add(0, false); // the late sample was part of no run yet
      known.add(place, sample);

      boolean running = toldBefore;
      boolean told = toldBefore;
      @Nullable Opened untold = null;
      @Nullable Severity worst = null;
      for (int i = place; i < known.size(); i++) {
        Optional<Anomaly> judged = judgeAt(i);
        boolean wasTold = before.get(i - place);
        if (judged.isPresent()) {
          if (!running) {
            untold = new Opened(known.get(i).timestamp(), judged.get());
            worst = null;
            told = false;
          }
          told |= wasTold;
          running = true;
          worst = worst == null ? judged.get().severity() : max(worst, judged.get().severity());
          if (told) {
            untold = null;
          }
        } else if (running) {
          running = false;
          if (untold != null) {
            tellPast(untold, known.get(i));
            untold = null;
          }
        }
      }
      Sample last = known.get(known.size() - 1);
      if (!running && open != null) {
        transitions.add(new Closed(last.timestamp(), last.value()));
        open = null;
      } else if (running && open == null) {
        Anomaly latest = judgeAt(known.size() - 1).orElseThrow();
        transitions.add(untold != null ? untold : new Opened(last.timestamp(), latest));
        open = worst == null ? latest.severity() : worst;
      } else if (running && worst != null && worst.compareTo(open) > 0) {
        transitions.add(new Worsened(last.timestamp(), judgeAt(known.size() - 1).orElseThrow()));
        open = worst;
      }
    }

    /** An episode that was over before it was known. While one is open it belongs to that one. */
    private void tellPast(Opened opened, Sample back) {
      if (open == null) {
        transitions.add(opened);
        transitions.add(new Closed(back.timestamp(), back.value()));
      }
    }

    private Optional<Anomaly> judgeAt(int index) {
      return Detector.judge(spec, known.subList(0, index), known.get(index).value());
    }

    private static Severity max(Severity one, Severity other) {
      return one.compareTo(other) >= 0 ? one : other;
    }
  }
}
