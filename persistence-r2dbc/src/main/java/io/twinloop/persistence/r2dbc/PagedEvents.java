package io.twinloop.persistence.r2dbc;

import io.twinloop.persistence.r2dbc.NewEvents.Subscription;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.SourceShape;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Schedulers;

/**
 * A stream of stored events, read page by page as they're asked for, that waits for more when it
 * has read all.
 *
 * <p>How it waits: the writers of this process announce their events, and the stream reads at once.
 * Announced events may still lie above the horizon of open transactions, so until it has found some
 * it asks again after 1 ms, 2 ms, 4 ms … A watched stream is told of other nodes' events too and
 * asks by itself only every idle-poll-interval; any other asks every poll-interval, and ever less
 * often up to idle-poll-interval while nothing comes.
 *
 * <p>How it rests: a page that isn't full says that the stream has reached the newest event. Then
 * it lets events gather before it reads again: for {@code gather}, or as long as the page took
 * whoever reads it, if that's longer. So the more there is to do, the more is done at a time.
 */
final class PagedEvents<T> extends GraphStage<SourceShape<T>> {

  private static final Duration FIRST_RETRY = Duration.ofMillis(1);

  /** The longest rest, in multiples of {@code gather}. */
  private static final int LONGEST_REST = 10;

  /**
   * A page.
   *
   * @param full whether there may be more to read at once
   */
  record Page<T>(List<T> events, boolean full) {}

  /** Where the pages come from; asked for one at a time, each after the one before. */
  interface Pages<T> {
    /**
     * Events after the last one given, or the first ones. An empty page says there are none now.
     *
     * @param notBefore the question may be as old as this, by {@link System#nanoTime}, but no older
     */
    CompletionStage<Page<T>> next(long notBefore);

    /** Whether there will never be more. Asked after each page. */
    boolean exhausted();
  }

  /**
   * How a stream learns of events to come.
   *
   * @param subscribe to what is new, with what to call then
   * @param watched whether it's told of other nodes' events too
   * @param gather the shortest time between two reads once everything was read
   */
  record Waiting(Function<Runnable, Subscription> subscribe, boolean watched, Duration gather) {}

  /** Makes the pages of one run of the stream. */
  @FunctionalInterface
  interface PagesFactory<T> {
    Pages<T> create();
  }

  private final Outlet<T> out = Outlet.create("PagedEvents.out");
  private final SourceShape<T> shape = SourceShape.of(out);
  private final PagesFactory<T> pages;
  private final Waiting waiting;
  private final PersistenceSettings.Query settings;

  PagedEvents(PagesFactory<T> pages, Waiting waiting, PersistenceSettings.Query settings) {
    this.pages = pages;
    this.waiting = waiting;
    this.settings = settings;
  }

  @Override
  public SourceShape<T> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends GraphStageLogic {
    private final Pages<T> source = pages.create();
    private final ArrayDeque<T> buffer = new ArrayDeque<>();
    private final AsyncCallback<Read<T>> pageArrived = createAsyncCallback(this::pageArrived);
    private final AsyncCallback<Disposable> pauseEnded = createAsyncCallback(this::pauseEnded);
    private final AsyncCallback<String> announcement = createAsyncCallback(news -> lookForNews());
    private @Nullable Subscription subscription;

    private boolean reading;
    private long readBegan;

    /** Whether all events were read, so that those to come should gather first. */
    private boolean atEnd;

    /**
     * Whether events are expected that weren't found yet; true at first, for those just written.
     */
    private boolean missing = true;

    private Duration pause = FIRST_RETRY;
    private @Nullable Disposable timer;
    private boolean resting;

    Logic() {
      super(shape);
      setHandler(
          out,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              pushOrRead();
            }
          });
    }

    @Override
    public void preStart() {
      subscription = waiting.subscribe().apply(() -> announcement.invoke("new events"));
    }

    @Override
    public void postStop() {
      if (subscription != null) {
        subscription.cancel();
      }
      cancelTimer();
    }

    private Subscription news() {
      return Objects.requireNonNull(subscription, "subscribed before the first pull");
    }

    private void pushOrRead() {
      T next = buffer.poll();
      if (next != null) {
        push(out, next);
      }
      if (buffer.isEmpty() && source.exhausted()) {
        completeStage();
      } else if (next == null && !reading && timer == null) {
        restOrRead();
      }
    }

    /** The page that was read is done with. */
    private void restOrRead() {
      long gather = waiting.gather().toNanos();
      if (!atEnd || gather == 0) {
        read();
        return;
      }
      atEnd = false;
      long spent = System.nanoTime() - readBegan;
      resting = true;
      startTimer(Duration.ofNanos(Math.min(Math.max(gather, spent), gather * LONGEST_REST)));
    }

    private void read() {
      if (isLost()) {
        return;
      }
      reading = true;
      readBegan = System.nanoTime();
      if (news().take() && !missing) {
        missing = true;
        pause = FIRST_RETRY;
      }
      source
          .next(news().wokenAt())
          .whenComplete((page, error) -> pageArrived.invoke(new Read<>(page, error)));
    }

    private void pageArrived(Read<T> read) {
      reading = false;
      if (read.error != null) {
        failStage(ScalaFutures.unwrapped(read.error));
        return;
      }
      if (isLost()) {
        return;
      }
      Page<T> page = Objects.requireNonNull(read.page);
      if (!page.events.isEmpty()) {
        buffer.addAll(page.events);
        atEnd = !page.full;
        missing = false;
        pause = settings.pollInterval();
        if (isAvailable(out)) {
          pushOrRead();
        }
      } else if (source.exhausted()) {
        completeStage();
      } else if (news().isTold() && !missing) {
        read();
      } else {
        waitForMore();
      }
    }

    private void waitForMore() {
      if (waiting.watched() && !missing) {
        startTimer(settings.idlePollInterval());
        return;
      }
      startTimer(pause);
      Duration longer = pause.multipliedBy(2);
      boolean idle = longer.compareTo(settings.idlePollInterval()) >= 0;
      pause = idle ? settings.idlePollInterval() : longer;
      missing &= longer.compareTo(settings.pollInterval()) <= 0;
    }

    /** Ends the stream when PostgreSQL was away, whether or not it asked anything meanwhile. */
    private boolean isLost() {
      Throwable lost = news().lost();
      if (lost != null) {
        failStage(
            new IllegalStateException(
                "PostgreSQL was away, what was written last may not have reached its disk: begin again from the offset that is stored.",
                lost));
      }
      return lost != null;
    }

    /** While it rests or looks for events announced before, they are found in their time. */
    private void lookForNews() {
      if (isLost()) {
        return;
      }
      if (timer != null && !missing && !resting) {
        cancelTimer();
        read();
      }
    }

    private void startTimer(Duration delay) {
      Disposable.Swap handle = Disposables.swap();
      timer = handle;
      // Not the actor system's scheduler: its ticks of 10 ms are too coarse for the first retries.
      handle.update(
          Schedulers.parallel()
              .schedule(() -> pauseEnded.invoke(handle), delay.toNanos(), TimeUnit.NANOSECONDS));
    }

    private void pauseEnded(Disposable handle) {
      if (handle == timer) {
        timer = null;
        resting = false;
        read();
      }
    }

    private void cancelTimer() {
      if (timer != null) {
        timer.dispose();
        timer = null;
      }
    }
  }

  private record Read<T>(@Nullable Page<T> page, @Nullable Throwable error) {}
}
