package io.twinloop.projections;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.sharding.typed.ShardedDaemonProcessSettings;
import org.apache.pekko.cluster.sharding.typed.javadsl.ShardedDaemonProcess;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.Projection;
import org.apache.pekko.projection.ProjectionBehavior;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.eventsourced.javadsl.EventSourcedProvider;
import org.apache.pekko.projection.javadsl.GroupedProjection;
import org.apache.pekko.projection.javadsl.Handler;
import org.apache.pekko.projection.javadsl.SourceProvider;
import org.apache.pekko.projection.jdbc.javadsl.JdbcProjection;

/** Runs projections over slice ranges, spread over the nodes with the role {@code projections}. */
public final class ProjectionRunner {

  private final ActorSystem<?> system;
  private final ProjectionSettings settings;
  private final DataSource dataSource;
  private final ProjectionState state;

  public ProjectionRunner(
      ActorSystem<?> system,
      ProjectionSettings settings,
      DataSource dataSource,
      ProjectionState state) {
    this.system = system;
    this.settings = settings;
    this.dataSource = dataSource;
    this.state = state;
  }

  /** A projection by name, of one entity type. */
  public record Named(String name, String entityType) {}

  /** Runs a read model: its rows and its offset commit together. */
  public <E> void readModel(Named projection, Supplier<ReadModel<E>> model) {
    run(
        projection,
        range ->
            JdbcProjection.groupedWithin(
                idOf(projection, range),
                this.<E>source(projection, range),
                this::session,
                () -> new GuardedReadModel<>(idOf(projection, range), model.get()),
                system));
  }

  /** Runs a handler that answers later; its offset is saved after it, so a crash repeats. */
  public <E> void publisher(Named projection, Supplier<Handler<List<EventEnvelope<E>>>> handler) {
    run(
        projection,
        range ->
            JdbcProjection.groupedWithinAsync(
                idOf(projection, range),
                this.<E>source(projection, range),
                this::session,
                () -> new GuardedPublisher<>(idOf(projection, range), handler.get(), state),
                system));
  }

  private <E> void run(
      Named projection,
      Function<Pair<Integer, Integer>, GroupedProjection<Offset, EventEnvelope<E>>> create) {
    List<Pair<Integer, Integer>> ranges =
        EventSourcedProvider.sliceRanges(system, settings.queryPlugin(), settings.ranges());
    ProjectionWatch<EventEnvelope<E>> watch = new ProjectionWatch<>(state);
    ranges.forEach(range -> watch.register(idOf(projection, range)));
    ShardedDaemonProcess.get(system)
        .init(
            ProjectionBehavior.Command.class,
            projection.name(),
            ranges.size(),
            index -> ProjectionBehavior.create(grouped(create.apply(ranges.get(index)), watch)),
            ShardedDaemonProcessSettings.create(system).withRole("projections"),
            Optional.of(ProjectionBehavior.stopMessage()));
  }

  private <E> Projection<E> grouped(GroupedProjection<?, E> projection, ProjectionWatch<E> watch) {
    return projection
        .withGroup(settings.groupSize(), settings.groupWithin())
        .withStatusObserver(watch);
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
