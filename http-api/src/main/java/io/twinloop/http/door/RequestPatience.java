package io.twinloop.http.door;

import io.twinloop.http.Answers;
import io.twinloop.http.door.OpenConnections.End;
import java.time.Duration;
import org.apache.pekko.Done;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.BidiShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.stage.AbstractInHandler;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Ends a connection on which the next request doesn't arrive in time.
 *
 * <p>An idle timeout starts anew with each byte, so a client that sends a header byte a second
 * would hold its connection for hours. Here the time runs from the opening of the connection, or
 * from the end of the last answer, until a whole head has arrived. It doesn't run while a request
 * is answered, be it with a stream of events that goes on for days.
 */
final class RequestPatience
    extends GraphStage<BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse>> {

  private final Inlet<HttpRequest> requestIn = Inlet.create("RequestPatience.requestIn");
  private final Outlet<HttpRequest> requestOut = Outlet.create("RequestPatience.requestOut");
  private final Inlet<HttpResponse> responseIn = Inlet.create("RequestPatience.responseIn");
  private final Outlet<HttpResponse> responseOut = Outlet.create("RequestPatience.responseOut");
  private final BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse> shape =
      new BidiShape<>(requestIn, requestOut, responseIn, responseOut);
  private final Duration first;
  private final Duration next;
  private final OpenConnections connections;

  RequestPatience(Duration first, Duration next, OpenConnections connections) {
    this.first = first;
    this.next = next;
    this.connections = connections;
  }

  @Override
  public BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes attributes) {
    return new Logic();
  }

  /** Where a connection is. */
  private enum Phase {
    /** No whole head has arrived. */
    WAITING,
    /** A request is being answered. */
    ASKED,
    /** The head of the answer is out, its body is being sent. */
    STREAMING,
    /** The last answer is out: the connection ends as soon as it is taken. */
    ENDING
  }

  private final class Logic extends TimerGraphStageLogic {
    private static final String TOO_LATE = "too late";

    private final AsyncCallback<Done> streamed = createAsyncCallback(done -> answered());
    private final AsyncCallback<End> end = createAsyncCallback(this::end);
    private Phase phase = Phase.WAITING;
    private long due;
    private boolean looking;
    private long looksAt;
    private boolean bodyless;
    private boolean stopping;

    Logic() {
      super(shape);
      setHandler(
          requestIn,
          new AbstractInHandler() {
            @Override
            public void onPush() {
              HttpRequest request = grab(requestIn);
              bodyless = request.method().equals(HttpMethods.HEAD);
              phase = Phase.ASKED;
              push(requestOut, request);
            }

            @Override
            public void onUpstreamFinish() {
              complete(requestOut);
            }
          });
      setHandler(
          requestOut,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              pull(requestIn);
            }

            @Override
            public void onDownstreamFinish(Throwable cause) {
              cancel(requestIn, cause);
            }
          });
      setHandler(
          responseIn,
          new AbstractInHandler() {
            @Override
            public void onPush() {
              answer(grab(responseIn));
            }
          });
      setHandler(
          responseOut,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              if (phase == Phase.ENDING) {
                completeStage();
              } else if (!hasBeenPulled(responseIn)) {
                pull(responseIn);
              }
            }
          });
    }

    @Override
    public void preStart() {
      due = System.nanoTime() + first.toNanos();
      lookWhenDue();
      connections.opened(end);
    }

    @Override
    public void onTimer(Object timer) {
      if (phase != Phase.WAITING) {
        looking = false;
      } else if (due - System.nanoTime() <= 0) {
        completeStage();
      } else {
        lookWhenDue();
      }
    }

    // One timer for many requests: to set one for each would cost more than to look in vain.
    private void lookWhenDue() {
      looking = true;
      looksAt = due;
      scheduleOnce(TOO_LATE, Duration.ofNanos(Math.max(1, due - System.nanoTime())));
    }

    @Override
    public void postStop() {
      connections.ended(end);
    }

    private void answer(HttpResponse response) {
      if (phase == Phase.ENDING) {
        return; // it comes too late: the caller was told that the node stops
      }
      if (bodyless || response.entity().isStrict()) {
        push(responseOut, response);
        answered();
      } else {
        phase = Phase.STREAMING;
        push(responseOut, watched(response));
      }
    }

    private void answered() {
      if (!stopping) {
        phase = Phase.WAITING;
        due = System.nanoTime() + next.toNanos();
        if (!looking || due - looksAt < 0) {
          lookWhenDue();
        }
      } else if (isAvailable(responseOut)) {
        completeStage();
      } else {
        phase = Phase.ENDING;
      }
    }

    private void end(End how) {
      stopping = true;
      if (how == End.NOW && phase == Phase.ASKED && isAvailable(responseOut)) {
        phase = Phase.ENDING;
        push(responseOut, stopped());
      } else if (how == End.NOW || phase == Phase.WAITING) {
        completeStage();
      }
    }

    private HttpResponse stopped() {
      return Answers.refused(
              "stopping",
              "This node stops before the answer was there; what was asked may still happen.")
          .addHeader(RawHeader.create("Retry-After", "1"));
    }

    private HttpResponse watched(HttpResponse response) {
      return response.transformEntityDataBytes(
          Flow.of(ByteString.class)
              .watchTermination(
                  (mat, ended) -> {
                    var unused =
                        ended.handleAsync(
                            (done, failure) -> {
                              streamed.invoke(Done.getInstance());
                              return done;
                            },
                            Runnable::run);
                    return mat;
                  }));
    }
  }
}
