package io.twinloop.domain.kpi;

import io.twinloop.domain.kpi.OrderedSeries.Run;
import io.twinloop.domain.kpi.Sensing.Closed;
import io.twinloop.domain.kpi.Sensing.Opened;
import io.twinloop.domain.kpi.Sensing.Past;
import io.twinloop.domain.kpi.Sensing.Sensed;
import io.twinloop.domain.kpi.Sensing.Transition;
import io.twinloop.domain.kpi.Sensing.Worsened;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Takes samples as they come and follows what {@link Sensing} says of them, as an entity does. */
final class Watcher {

  /** An episode, with the number of the delivery that brought it out. */
  record Told(Episode episode, int delivery) {
    Run run() {
      return new Run(
          episode.openedAt(), episode.closedAt(), episode.first().severity(), episode.severity());
    }

    boolean touches(Run run) {
      boolean startsBeforeItsEnd = run.isOpen() || episode.openedAt().isBefore(run.until());
      boolean endsAfterItsStart = episode.isOpen() || !episode.closedAt().isBefore(run.from());
      return startsBeforeItsEnd && endsAfterItsStart;
    }
  }

  private final DetectorSpec spec;
  private final List<Told> told = new ArrayList<>();
  private Sensing sensing = Sensing.NOTHING;
  private int open = -1;
  private int deliveries;

  Watcher() {
    this(DetectorSpec.DEFAULT);
  }

  Watcher(DetectorSpec spec) {
    this.spec = spec;
  }

  Sensed take(List<Sample> samples) {
    deliveries++;
    Sensed sensed = sensing.sense(spec, samples);
    sensing = sensing.remember(spec, sensed.accepted());
    sensed.transitions().forEach(this::follow);
    return sensed;
  }

  Sensed take(Sample... samples) {
    return take(List.of(samples));
  }

  private void follow(Transition transition) {
    if (transition instanceof Opened opened) {
      if (open >= 0) {
        throw new AssertionError(opened + " while " + told.get(open) + " is open");
      }
      open = open(opened);
    } else if (transition instanceof Worsened worsened) {
      change(open, told.get(open).episode.worsened(worsened.anomaly().severity()));
    } else if (transition instanceof Closed closed) {
      change(open, told.get(open).episode.closed(closed.at(), closed.value()));
      open = -1;
    } else if (transition instanceof Past past) {
      int index = open(past.opened());
      if (past.worsened() != null) {
        change(index, told.get(index).episode.worsened(past.worsened().anomaly().severity()));
      }
      change(index, told.get(index).episode.closed(past.closed().at(), past.closed().value()));
    }
  }

  private int open(Opened opened) {
    String id = "episode-" + told.size();
    Episode episode = Episode.opened(id, id, true, opened.at(), opened.anomaly());
    told.add(new Told(episode, deliveries));
    sensing = sensing.told(episode);
    return told.size() - 1;
  }

  private void change(int index, Episode episode) {
    told.set(index, new Told(episode, told.get(index).delivery));
    sensing = sensing.told(episode);
  }

  Sensing sensing() {
    return sensing;
  }

  List<Told> told() {
    return told;
  }

  List<Run> runs() {
    return told.stream().map(Told::run).toList();
  }

  Optional<Episode> openEpisode() {
    return open < 0 ? Optional.empty() : Optional.of(told.get(open).episode);
  }
}
