package io.twinloop.projections.retention;

import java.time.Duration;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees to it again and again that nothing is kept for too long; runs on one node at a time. */
public final class RetentionJob extends AbstractBehavior<RetentionJob.Command> {

  private static final Logger LOG = LoggerFactory.getLogger(RetentionJob.class);

  public sealed interface Command permits Look, Looked, Stop {}

  private record Look() implements Command {}

  private record Looked(Retention.@Nullable Run run, @Nullable Throwable failure)
      implements Command {}

  /** Ends the actor. */
  public record Stop() implements Command {}

  private final Retention retention;
  private final Duration interval;
  private final TimerScheduler<Command> timers;

  private RetentionJob(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Retention retention,
      Duration interval) {
    super(context);
    this.timers = timers;
    this.retention = retention;
    this.interval = interval;
  }

  /** Looks after the first interval, and then again and again. */
  public static Behavior<Command> create(Retention retention, Duration interval) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startSingleTimer(new Look(), interval);
                  return new RetentionJob(context, timers, retention, interval);
                }));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Look.class, look -> look())
        .onMessage(Looked.class, this::looked)
        .onMessage(Stop.class, stop -> Behaviors.stopped())
        .build();
  }

  private Behavior<Command> look() {
    getContext().pipeToSelf(retention.run(), Looked::new);
    return this;
  }

  private Behavior<Command> looked(Looked looked) {
    if (looked.failure() != null) {
      LOG.warn("What is too old stays for now: {}", looked.failure().toString());
    } else if (looked.run() != null && looked.run().deleted() > 0) {
      LOG.info("{} rows were too old and are deleted.", looked.run().deleted());
    }
    timers.startSingleTimer(new Look(), interval);
    return this;
  }
}
