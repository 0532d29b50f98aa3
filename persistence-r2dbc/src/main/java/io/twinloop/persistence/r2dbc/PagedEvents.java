package io.twinloop.persistence.r2dbc;

import io.twinloop.persistence.r2dbc.NewEvents.Subscription;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
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
 * it asks again after 1 ms, 2 ms, 4 ms … Without an announcement it asks every poll-interval, and
 * ever less often up to idle-poll-interval while nothing comes.
 */
final class PagedEvents extends GraphStage<SourceShape<StoredEvent>> {

  private static final Duration FIRST_RETRY = Duration.ofMillis(1);

  /** Where the pages come from; asked for one at a time, each after the one before. */
  interface Pages {
    /**
     * Events after the last one given, or the first ones. An empty page says there are none now.
     */
    CompletionStage<List<StoredEvent>> next();

    /** Whether there will never be more. Asked after each page. */
    boolean exhausted();
  }

  /** Makes the pages of one run of the stream. */
  @FunctionalInterface
  interface PagesFactory {
    Pages create();
  }

  private final Outlet<StoredEvent> out = Outlet.create("PagedEvents.out");
  private final SourceShape<StoredEvent> shape = SourceShape.of(out);
  private final PagesFactory pages;
  private final NewEvents newEvents;
  private final Predicate<EventRow> wanted;
  private final PersistenceSettings.Query settings;

  PagedEvents(
      PagesFactory pages,
      NewEvents newEvents,
      Predicate<EventRow> wanted,
      PersistenceSettings.Query settings) {
    this.pages = pages;
    this.newEvents = newEvents;
    this.wanted = wanted;
    this.settings = settings;
  }

  @Override
  public SourceShape<StoredEvent> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends GraphStageLogic {
    private final Pages source = pages.create();
    private final ArrayDeque<StoredEvent> buffer = new ArrayDeque<>();
    private final AtomicBoolean announced = new AtomicBoolean();
    private final AsyncCallback<Page> pageArrived = createAsyncCallback(this::pageArrived);
    private final AsyncCallback<Disposable> pauseEnded = createAsyncCallback(this::pauseEnded);
    private final AsyncCallback<NewEvents> announcement =
        createAsyncCallback(events -> lookForAnnounced());

    private boolean reading;
    private @Nullable Subscription subscription;

    /**
     * Whether events are expected that weren't found yet; true at first, for those just written.
     */
    private boolean missing = true;

    private Duration pause = FIRST_RETRY;
    private @Nullable Disposable timer;

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
      subscription = newEvents.subscribe(wanted, this::announce);
    }

    @Override
    public void postStop() {
      if (subscription != null) {
        subscription.cancel();
      }
      cancelTimer();
    }

    /** Called by the writer; one message to the stream is enough until it has read. */
    private void announce() {
      if (announced.compareAndSet(false, true)) {
        announcement.invoke(newEvents);
      }
    }

    private void pushOrRead() {
      StoredEvent next = buffer.poll();
      if (next != null) {
        push(out, next);
      }
      if (buffer.isEmpty() && source.exhausted()) {
        completeStage();
      } else if (next == null && !reading && timer == null) {
        read();
      }
    }

    private void read() {
      reading = true;
      if (announced.getAndSet(false) && !missing) {
        missing = true;
        pause = FIRST_RETRY;
      }
      source.next().whenComplete((events, error) -> pageArrived.invoke(new Page(events, error)));
    }

    private void pageArrived(Page page) {
      reading = false;
      if (page.error != null) {
        failStage(ScalaFutures.unwrapped(page.error));
      } else if (page.events != null && !page.events.isEmpty()) {
        buffer.addAll(page.events);
        missing = false;
        pause = settings.pollInterval();
        if (isAvailable(out)) {
          pushOrRead();
        }
      } else if (source.exhausted()) {
        completeStage();
      } else if (announced.get() && !missing) {
        read();
      } else {
        waitForMore();
      }
    }

    private void waitForMore() {
      startTimer(pause);
      Duration longer = pause.multipliedBy(2);
      boolean idle = longer.compareTo(settings.idlePollInterval()) >= 0;
      pause = idle ? settings.idlePollInterval() : longer;
      missing &= longer.compareTo(settings.pollInterval()) <= 0;
    }

    /** While it's looking for events announced before, the pauses go on growing. */
    private void lookForAnnounced() {
      if (timer != null && !missing) {
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

  private record Page(@Nullable List<StoredEvent> events, @Nullable Throwable error) {}
}
