package io.twinloop.projections;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does something again and again, a pause after each time; what fails is tried next time. */
public final class RepeatedJob extends AbstractBehavior<RepeatedJob.Command> {

  private static final Logger LOG = LoggerFactory.getLogger(RepeatedJob.class);

  public sealed interface Command permits Work, Worked, Stop {}

  private record Work() implements Command {}

  private record Worked(@Nullable String news, @Nullable Throwable failure) implements Command {}

  /** Ends the actor. */
  public record Stop() implements Command {}

  private final String name;
  private final Supplier<CompletionStage<String>> job;
  private final Duration interval;
  private final TimerScheduler<Command> timers;

  private RepeatedJob(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      String name,
      Supplier<CompletionStage<String>> job,
      Duration interval) {
    super(context);
    this.timers = timers;
    this.name = name;
    this.job = job;
    this.interval = interval;
  }

  /**
   * Works after the first interval, and then again and again.
   *
   * @param name as the log calls it
   * @param job answers what there is to tell of it, an empty text when nothing
   */
  public static Behavior<Command> create(
      String name, Supplier<CompletionStage<String>> job, Duration interval) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startSingleTimer(new Work(), interval);
                  return new RepeatedJob(context, timers, name, job, interval);
                }));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Work.class, work -> work())
        .onMessage(Worked.class, this::worked)
        .onMessage(Stop.class, stop -> Behaviors.stopped())
        .build();
  }

  private Behavior<Command> work() {
    getContext().pipeToSelf(job.get(), Worked::new);
    return this;
  }

  private Behavior<Command> worked(Worked worked) {
    if (worked.failure() != null) {
      LOG.warn("{} failed for now: {}", name, worked.failure().toString());
    } else if (worked.news() != null && !worked.news().isEmpty()) {
      LOG.info("{}: {}", name, worked.news());
    }
    timers.startSingleTimer(new Work(), interval);
    return this;
  }
}
