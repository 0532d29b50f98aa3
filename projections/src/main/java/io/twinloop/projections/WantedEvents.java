package io.twinloop.projections;

import java.time.Duration;
import java.util.function.Predicate;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.jspecify.annotations.Nullable;

/**
 * Lets through the events a projection wants, and now and then the last one of those it doesn't, so
 * that its offset goes on: reading them again after a restart would take longer each time. An event
 * that can't be read goes through, for nobody knows whether it is wanted.
 */
final class WantedEvents<E> extends GraphStage<FlowShape<EventEnvelope<E>, EventEnvelope<E>>> {

  private final Inlet<EventEnvelope<E>> in = Inlet.create("WantedEvents.in");
  private final Outlet<EventEnvelope<E>> out = Outlet.create("WantedEvents.out");
  private final FlowShape<EventEnvelope<E>, EventEnvelope<E>> shape = FlowShape.of(in, out);
  private final Predicate<EventEnvelope<E>> wanted;
  private final Duration offsetAfter;

  /**
   * @param wanted is asked only about events that could be read
   * @param offsetAfter how long an offset may stay behind
   */
  WantedEvents(Predicate<EventEnvelope<E>> wanted, Duration offsetAfter) {
    this.wanted = wanted;
    this.offsetAfter = offsetAfter;
  }

  @Override
  public FlowShape<EventEnvelope<E>, EventEnvelope<E>> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends TimerGraphStageLogic {
    private static final String OFFSET = "offset";

    /** The last event, if it was not wanted. */
    private @Nullable EventEnvelope<E> unwanted;

    /** One that came while the last one given was not taken yet. */
    private @Nullable EventEnvelope<E> waiting;

    Logic() {
      super(shape);
      setHandlers(
          in,
          out,
          new AbstractInOutHandler() {
            @Override
            public void onPush() {
              take(grab(in));
            }

            @Override
            public void onPull() {
              pulled();
            }

            @Override
            public void onUpstreamFinish() {
              finish();
            }
          });
    }

    private void take(EventEnvelope<E> event) {
      if (event.getOptionalEvent().isPresent() && !wanted.test(event)) {
        unwanted = event;
        if (!isTimerActive(OFFSET)) {
          scheduleOnce(OFFSET, offsetAfter);
        }
        pull(in);
        return;
      }
      unwanted = null;
      if (isAvailable(out)) {
        push(out, event);
      } else {
        waiting = event;
      }
    }

    private void pulled() {
      EventEnvelope<E> next = waiting;
      if (next != null) {
        waiting = null;
        push(out, next);
      } else if (!hasBeenPulled(in)) {
        pull(in);
      }
    }

    @Override
    public void onTimer(Object timer) {
      EventEnvelope<E> last = unwanted;
      if (last == null) {
        return;
      }
      if (isAvailable(out)) {
        unwanted = null;
        push(out, last);
      } else {
        scheduleOnce(OFFSET, offsetAfter);
      }
    }

    private void finish() {
      EventEnvelope<E> last = waiting != null ? waiting : unwanted;
      if (last == null) {
        completeStage();
      } else {
        emit(out, last, this::completeStage);
      }
    }
  }
}
