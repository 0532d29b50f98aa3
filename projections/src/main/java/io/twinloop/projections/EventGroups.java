package io.twinloop.projections;

import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;

/**
 * Gathers events into groups without a clock: what has come while the group before was worked on
 * goes together, and to whoever waits goes all that comes at a time. The library's own grouping
 * looks at the clock for each stream a hundred times a second, also when nothing happens.
 */
final class EventGroups<E> extends GraphStage<FlowShape<E, List<E>>> {

  private final Inlet<E> in = Inlet.create("EventGroups.in");
  private final Outlet<List<E>> out = Outlet.create("EventGroups.out");
  private final FlowShape<E, List<E>> shape = FlowShape.of(in, out);
  private final int most;

  /**
   * @param most events in a group, 1 or more
   */
  EventGroups(int most) {
    this.most = most;
  }

  @Override
  public FlowShape<E, List<E>> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends GraphStageLogic {
    private final AsyncCallback<String> allCame = createAsyncCallback(turn -> allCame());
    private List<E> group = new ArrayList<>();

    /** Whether the end of this turn is on its way: until then more may come at once. */
    private boolean turnEnds;

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
              if (!group.isEmpty() && !turnEnds) {
                give();
              }
            }

            @Override
            public void onUpstreamFinish() {
              if (group.isEmpty()) {
                completeStage();
              } else {
                emit(out, group, Logic.this::completeStage);
              }
            }
          });
    }

    @Override
    public void preStart() {
      pull(in);
    }

    private void take(E event) {
      group.add(event);
      if (group.size() < most) {
        pull(in);
      }
      if (isAvailable(out)) {
        if (group.size() == most) {
          give();
        } else if (!turnEnds) {
          turnEnds = true;
          allCame.invoke("all that came in one turn is here");
        }
      }
    }

    private void allCame() {
      turnEnds = false;
      if (!group.isEmpty() && isAvailable(out)) {
        give();
      }
    }

    private void give() {
      push(out, group);
      group = new ArrayList<>();
      if (!hasBeenPulled(in) && !isClosed(in)) {
        pull(in);
      }
    }
  }
}
