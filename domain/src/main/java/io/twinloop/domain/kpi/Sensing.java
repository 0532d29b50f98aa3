package io.twinloop.domain.kpi;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the twin remembers of a KPI to judge its next sample: the last samples in order of time, and
 * which of them belong to episodes it has told.
 *
 * <p>A sample up to {@value #LATEST_PLACE} places late is put in its place, and it and the samples
 * after it are judged again. Whatever the order of arrival, then:
 *
 * <ul>
 *   <li>an episode is open exactly when the newest sample is out of band in the ordered series;
 *   <li>every run of samples out of band in the ordered series is told as it stands there, unless
 *       something of it was told before it was complete: an episode that shares an instant with it,
 *       or with a longer run that a late sample then parted;
 *   <li>no two episodes told cover the same sample, and none is taken back: where a late sample
 *       shows that there was none, it is closed.
 * </ul>
 *
 * <p>An older sample goes to history only: no judgement ever sees it.
 *
 * @param recent the last judged samples in order of time, as many as judging needs
 * @param told the episodes a late sample may still touch, the open one among them
 */
public record Sensing(List<Sample> recent, List<Told> told) {

  /** So many samples may be later in time than one that is still judged. */
  public static final int LATEST_PLACE = 10;

  public static final Sensing NOTHING = new Sensing(List.of(), List.of());

  public Sensing {
    recent = List.copyOf(recent);
    told = List.copyOf(told);
  }

  /**
   * The time an episode covers.
   *
   * @param from its first sample's
   * @param until that of the sample that came back, absent while it is open
   * @param worst its severity so far
   */
  public record Told(Instant from, @Nullable Instant until, Severity worst) {
    boolean covers(Sample sample) {
      Instant at = sample.timestamp();
      return at.equals(from) || (at.isAfter(from) && (until == null || at.isBefore(until)));
    }
  }

  /** A change in the KPI's episodes, as one sample brought it. */
  public sealed interface Transition permits Opened, Worsened, Closed, Past {}

  /** The sample at {@code at} is the first out of band. */
  public record Opened(Instant at, Anomaly anomaly) implements Transition {}

  /** The open episode grew worse with the sample at {@code at}. */
  public record Worsened(Instant at, Anomaly anomaly) implements Transition {}

  /** The sample at {@code at} is back in band. */
  public record Closed(Instant at, double value) implements Transition {}

  /** A late sample brought out an episode that is over; the one now open, if any, stays open. */
  public record Past(Opened opened, @Nullable Worsened worsened, Closed closed)
      implements Transition {}

  /**
   * What a batch of samples means.
   *
   * @param accepted the samples that are new, in order of time
   * @param unchanged how many were known already: same timestamp and source as a remembered one
   * @param transitions the changes of episodes, in order
   */
  public record Sensed(List<Sample> accepted, int unchanged, List<Transition> transitions) {}

  /** Judges samples in order of time. */
  public Sensed sense(DetectorSpec spec, List<Sample> samples) {
    Judging judging = new Judging(spec, this);
    List<Sample> ordered = new ArrayList<>(samples);
    ordered.sort(Sample.IN_TIME);
    ordered.forEach(judging::take);
    judging.settleLate();
    return new Sensed(judging.accepted, judging.unchanged, judging.transitions);
  }

  /** This memory after {@code accepted}, which is in order of time; judges nothing. */
  public Sensing remember(DetectorSpec spec, List<Sample> accepted) {
    List<Sample> merged = new ArrayList<>(recent);
    for (Sample sample : accepted) {
      int place = placeOf(sample, merged);
      if (isJudged(place, merged)) {
        merged.add(place, sample);
      }
    }
    int forget = Math.max(0, merged.size() - kept(spec));
    return new Sensing(merged.subList(forget, merged.size()), stillTouchable(told, merged));
  }

  /** This memory after an episode was told to be as it is now. */
  public Sensing told(Episode episode) {
    List<Told> next = new ArrayList<>(told);
    next.removeIf(other -> other.until() == null && other.from().equals(episode.openedAt()));
    next.add(new Told(episode.openedAt(), episode.closedAt(), episode.severity()));
    return new Sensing(recent, stillTouchable(next, recent));
  }

  /** The samples of a delivery; one that brought no time gets now, strictly after the newest. */
  public List<Sample> stamp(List<Measurement> measurements, Instant now) {
    Instant current = now.truncatedTo(ChronoUnit.MICROS);
    List<Sample> samples = new ArrayList<>(measurements.size());
    Instant latest = recent.isEmpty() ? null : lastOf(recent).timestamp();
    for (Measurement measurement : measurements) {
      Instant stamp =
          latest == null || current.isAfter(latest) ? current : latest.plus(1, ChronoUnit.MICROS);
      Sample sample = measurement.at(stamp);
      samples.add(sample);
      latest = latest == null || sample.timestamp().isAfter(latest) ? sample.timestamp() : latest;
    }
    return samples;
  }

  /** The newest sample, with the baseline of the oldest that may still be judged again. */
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

  private static boolean isJudged(int place, List<Sample> ordered) {
    return ordered.size() - place <= LATEST_PLACE;
  }

  /** The episodes that are not over before the earliest place a late sample may take. */
  private static List<Told> stillTouchable(List<Told> told, List<Sample> ordered) {
    if (told.isEmpty() || ordered.size() <= LATEST_PLACE) {
      return told;
    }
    Instant earliest = ordered.get(ordered.size() - 1 - LATEST_PLACE).timestamp();
    return told.stream()
        .filter(episode -> episode.until() == null || !episode.until().isBefore(earliest))
        .toList();
  }

  private static <T> T lastOf(List<T> list) {
    return list.get(list.size() - 1);
  }

  /** A sample out of band. */
  private record Judged(Sample sample, Anomaly anomaly) {
    Opened opens() {
      return new Opened(sample.timestamp(), anomaly);
    }

    /** The first of the worst, where it is worse than {@code known}. */
    static Optional<Worsened> worse(List<Judged> run, Severity known) {
      Judged worst = run.get(0);
      for (Judged judged : run) {
        if (judged.anomaly.severity().compareTo(worst.anomaly.severity()) > 0) {
          worst = judged;
        }
      }
      return worst.anomaly.severity().compareTo(known) > 0
          ? Optional.of(new Worsened(worst.sample.timestamp(), worst.anomaly))
          : Optional.empty();
    }
  }

  /** One pass over a batch. */
  private static final class Judging {
    private final DetectorSpec spec;
    private final List<Sample> known;
    private final List<Told> told = new ArrayList<>();
    private @Nullable Told open;
    private final List<Sample> accepted = new ArrayList<>();
    private final List<Transition> transitions = new ArrayList<>();
    private int unchanged;
    private int earliestLate = Integer.MAX_VALUE;

    Judging(DetectorSpec spec, Sensing memory) {
      this.spec = spec;
      this.known = new ArrayList<>(memory.recent);
      for (Told episode : memory.told) {
        if (episode.until() == null) {
          open = episode;
        } else {
          told.add(episode);
        }
      }
    }

    void take(Sample sample) {
      int place = placeOf(sample, known);
      if ((place > 0 && known.get(place - 1).isSameAs(sample))
          || (!accepted.isEmpty() && lastOf(accepted).isSameAs(sample))) {
        unchanged++;
        return;
      }
      accepted.add(sample);
      boolean isLate = place < known.size();
      if (isLate && isJudged(place, known)) {
        known.add(place, sample);
        earliestLate = Math.min(earliestLate, place);
      } else if (!isLate) {
        settleLate();
        known.add(sample);
        judgeFrom(place);
      }
    }

    /** Judges the late samples of the batch, together; they all come before those in order. */
    void settleLate() {
      if (earliestLate < known.size()) {
        judgeFrom(earliestLate);
        earliestLate = Integer.MAX_VALUE;
      }
    }

    /**
     * Judges the sample at {@code place} and those after it, run by run. A run that reaches back
     * before {@code place} has been told: it was when its samples there came.
     */
    private void judgeFrom(int place) {
      boolean isNewest = place == known.size() - 1;
      boolean running = isNewest ? open != null : place > 0 && judge(place - 1).isPresent();
      boolean runIsTold = running;
      List<Judged> run = new ArrayList<>();
      List<Judged> untold = new ArrayList<>(); // the end of the run that no episode covers
      Sample back = null; // the first in band after the last out of band, for the open episode
      for (int i = place; i < known.size(); i++) {
        Sample sample = known.get(i);
        Optional<Anomaly> anomaly = judge(i);
        if (anomaly.isPresent()) {
          if (!running) {
            running = true;
            runIsTold = false;
            run.clear();
            untold.clear();
          }
          back = null;
          Judged judged = new Judged(sample, anomaly.get());
          run.add(judged);
          untold.add(judged);
          if (isTold(sample)) {
            runIsTold = true;
            untold.clear();
          }
        } else {
          if (running && !runIsTold) {
            past(run, sample);
          }
          running = false;
          if (back == null && open != null && !sample.timestamp().isBefore(open.from())) {
            back = sample;
          }
        }
      }
      if (open == null && running) {
        open(untold.isEmpty() ? List.of(lastOf(run)) : untold);
      } else if (open != null && running) {
        Judged.worse(run, open.worst()).ifPresent(this::worsen);
      } else if (open != null) {
        close(back == null ? lastOf(known) : back);
      }
    }

    private Optional<Anomaly> judge(int index) {
      return Detector.judge(spec, known.subList(0, index), known.get(index).value());
    }

    private boolean isTold(Sample sample) {
      return (open != null && open.covers(sample))
          || told.stream().anyMatch(episode -> episode.covers(sample));
    }

    private void past(List<Judged> run, Sample back) {
      Opened opened = run.get(0).opens();
      Worsened worsened = Judged.worse(run, opened.anomaly().severity()).orElse(null);
      transitions.add(new Past(opened, worsened, new Closed(back.timestamp(), back.value())));
      told.add(
          new Told(
              opened.at(),
              back.timestamp(),
              worsened == null ? opened.anomaly().severity() : worsened.anomaly().severity()));
    }

    private void open(List<Judged> run) {
      Opened opened = run.get(0).opens();
      transitions.add(opened);
      open = new Told(opened.at(), null, opened.anomaly().severity());
      Judged.worse(run, open.worst()).ifPresent(this::worsen);
    }

    private void worsen(Worsened worsened) {
      transitions.add(worsened);
      open = new Told(open.from(), null, worsened.anomaly().severity());
    }

    private void close(Sample back) {
      transitions.add(new Closed(back.timestamp(), back.value()));
      told.add(new Told(open.from(), back.timestamp(), open.worst()));
      open = null;
    }
  }
}
