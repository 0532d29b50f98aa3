package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.Projection;
import org.apache.pekko.projection.ProjectionBehavior;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.eventsourced.javadsl.EventSourcedProvider;
import org.apache.pekko.projection.javadsl.Handler;
import org.apache.pekko.projection.javadsl.SourceProvider;
import org.apache.pekko.projection.jdbc.javadsl.JdbcProjection;
import org.apache.pekko.stream.javadsl.Flow;

/**
 * Makes projections over slice ranges, each range a process that runs on one node of the cluster.
 */
public final class ProjectionRunner {

  private final ActorSystem<?> system;
  private final ProjectionSettings settings;
  private final DataSource dataSource;
  private final ProjectionState state;
  private final DaemonProcesses processes;

  /**
   * @param processes gets a process for each range; it is yet to be started
   */
  public ProjectionRunner(
      ActorSystem<?> system,
      ProjectionSettings settings,
      DataSource dataSource,
      ProjectionState state,
      DaemonProcesses processes) {
    this.system = system;
    this.settings = settings;
    this.dataSource = dataSource;
    this.state = state;
    this.processes = processes;
  }

  /** A projection by name, of one entity type. */
  public record Named(String name, String entityType) {}

  /** Runs a read model: its rows and its offset commit together. */
  public <E> void readModel(Named projection, Supplier<ReadModel<E>> model) {
    ProjectionWatch<List<EventEnvelope<E>>> watch = new ProjectionWatch<>(state);
    run(
        projection,
        watch,
        range -> {
          ProjectionId id = idOf(projection, range);
          ProjectionTerm term = new ProjectionTerm(id);
          return JdbcProjection.exactlyOnce(
                  id,
                  new RangeEvents<>(
                      this.<E>source(projection, range),
                      () -> term.begin(state.database()),
                      Flow.create(),
                      settings.groupSize()),
                  this::session,
                  () -> new GuardedReadModel<>(id, model.get(), term),
                  system)
              .withStatusObserver(watch);
        });
  }

  /** Runs a handler that answers later; its offset is saved after it, so a crash repeats. */
  public <E> void publisher(Named projection, Supplier<Handler<List<EventEnvelope<E>>>> handler) {
    publisher(projection, envelope -> true, handler);
  }

  /**
   * Runs a handler of some events: of those it doesn't want it gets the last one now and then, for
   * the offset's sake.
   */
  public <E> void publisher(
      Named projection,
      Predicate<EventEnvelope<E>> wanted,
      Supplier<Handler<List<EventEnvelope<E>>>> handler) {
    ProjectionWatch<List<EventEnvelope<E>>> watch = new ProjectionWatch<>(state);
    run(
        projection,
        watch,
        range -> {
          Set<EventKey> published = ConcurrentHashMap.newKeySet();
          return JdbcProjection.atLeastOnceAsync(
                  idOf(projection, range),
                  new RangeEvents<>(
                      this.<E>source(projection, range),
                      () -> CompletableFuture.completedStage(null),
                      Flow.fromGraph(new WantedEvents<>(wanted, settings.offsetAfter())),
                      settings.groupSize()),
                  this::session,
                  () ->
                      new GuardedPublisher<>(
                          idOf(projection, range), handler.get(), state, published),
                  system)
              .withSaveOffset(1, Duration.ZERO)
              .withStatusObserver(watch);
        });
  }

  private void run(
      Named projection,
      ProjectionWatch<?> watch,
      Function<Pair<Integer, Integer>, Projection<?>> create) {
    List<Pair<Integer, Integer>> ranges =
        EventSourcedProvider.sliceRanges(system, settings.queryPlugin(), settings.ranges());
    for (Pair<Integer, Integer> range : ranges) {
      ProjectionId id = idOf(projection, range);
      watch.register(id);
      processes.add(
          id.id(),
          () -> ProjectionBehavior.create(create.apply(range)),
          ProjectionBehavior.stopMessage());
    }
  }

  private ProjectionSession session() {
    return new ProjectionSession(dataSource);
  }

  private <E> SourceProvider<Offset, EventEnvelope<E>> source(
      Named projection, Pair<Integer, Integer> range) {
    return EventSourcedProvider.eventsBySlices(
        system, settings.queryPlugin(), projection.entityType(), range.first(), range.second());
  }

  private static ProjectionId idOf(Named projection, Pair<Integer, Integer> range) {
    return ProjectionId.of(
        projection.name(), projection.entityType() + "-" + range.first() + "-" + range.second());
  }
}
