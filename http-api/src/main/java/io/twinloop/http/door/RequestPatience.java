package io.twinloop.http.door;

import io.twinloop.http.Answers;
import io.twinloop.http.door.OpenConnections.End;
import java.time.Duration;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.RequestEntity;
import org.apache.pekko.http.javadsl.model.headers.Connection;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.BidiShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.stage.AbstractInHandler;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Ends a connection on which the next request doesn't arrive in time, or the answer to the present
 * one.
 *
 * <p>An idle timeout starts anew with each byte, so a client that sends a header byte a second
 * would hold its connection for hours. Here the time runs from the opening of the connection, or
 * from the end of the last answer, until a whole head has arrived. That for the answer, see {@link
 * AnswerTime}, runs until its head is there, be it followed by a stream of events that goes on for
 * days.
 *
 * <p>One timer serves many requests: to set and cancel one for each, as Pekko HTTP's own time-out
 * does, twice, costs more than to look in vain now and then.
 */
final class RequestPatience
    extends GraphStage<BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse>> {

  private static final HttpHeader LAST = Connection.create("close");

  private final Inlet<HttpRequest> requestIn = Inlet.create("RequestPatience.requestIn");
  private final Outlet<HttpRequest> requestOut = Outlet.create("RequestPatience.requestOut");
  private final Inlet<HttpResponse> responseIn = Inlet.create("RequestPatience.responseIn");
  private final Outlet<HttpResponse> responseOut = Outlet.create("RequestPatience.responseOut");
  private final BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse> shape =
      new BidiShape<>(requestIn, requestOut, responseIn, responseOut);
  private final Duration first;
  private final Duration next;
  private final Duration last;
  private final Duration answerTime;
  private final OpenConnections connections;

  /**
   * @param first how long the first request may take to arrive
   * @param next the same for each after it
   * @param last the same for each once the server stops
   * @param answerTime how long an answer may take, unless its {@link AnswerTime} is set
   */
  RequestPatience(
      Duration first,
      Duration next,
      Duration last,
      Duration answerTime,
      OpenConnections connections) {
    this.first = first;
    this.next = next;
    this.last = last;
    this.answerTime = answerTime;
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

    private final AsyncCallback<Done> streamed = createAsyncCallback(done -> streamed());
    private final AsyncCallback<End> end = createAsyncCallback(this::end);
    private final AsyncCallback<Asked> arrived = createAsyncCallback(this::arrived);
    private final AsyncCallback<Asked> changed = createAsyncCallback(this::changed);
    private Phase phase = Phase.WAITING;
    private Asked asked = new Asked(changed);
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
              ask(grab(requestIn));
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
      dueIn(first);
      connections.opened(end);
    }

    @Override
    public void onTimer(Object timer) {
      looking = false;
      if (phase == Phase.WAITING || (phase == Phase.ASKED && asked.arrivedAt != null)) {
        if (due - System.nanoTime() > 0) {
          lookWhenDue();
        } else {
          tooLate();
        }
      }
    }

    private void tooLate() {
      Supplier<HttpResponse> late = phase == Phase.ASKED ? asked.late : null;
      if (late == null) {
        completeStage();
      } else {
        phase = Phase.ENDING;
        emit(responseOut, late.get(), this::completeStage);
      }
    }

    private void dueIn(Duration time) {
      dueAt(System.nanoTime() + time.toNanos());
    }

    private void dueAt(long nanos) {
      due = nanos;
      if (!looking || due - looksAt < 0) {
        lookWhenDue();
      }
    }

    private void lookWhenDue() {
      looking = true;
      looksAt = due;
      scheduleOnce(TOO_LATE, Duration.ofNanos(Math.max(1, due - System.nanoTime())));
    }

    private void ask(HttpRequest request) {
      bodyless = request.method().equals(HttpMethods.HEAD);
      phase = Phase.ASKED;
      asked = new Asked(changed);
      HttpRequest timed = request.addAttribute(AnswerTime.ATTRIBUTE, asked);
      if (request.entity().isStrict()) {
        arrived(asked);
        push(requestOut, timed);
      } else {
        push(requestOut, timed.withEntity(watched(request.entity(), asked)));
      }
    }

    /** All of a request is there. */
    private void arrived(Asked request) {
      request.arrivedAt = System.nanoTime();
      changed(request);
    }

    /** Its time begins, or is another one now. */
    private void changed(Asked request) {
      if (request == asked && phase == Phase.ASKED && request.arrivedAt != null) {
        dueAt(request.arrivedAt + request.time.toNanos());
      }
    }

    private RequestEntity watched(RequestEntity body, Asked request) {
      Source<ByteString, Object> bytes =
          body.getDataBytes().via(onEnd(() -> arrived.invoke(request)));
      return body.isDefault()
          ? HttpEntities.create(
              body.getContentType(), body.getContentLengthOption().orElseThrow(), bytes)
          : HttpEntities.createChunked(body.getContentType(), bytes);
    }

    @Override
    public void postStop() {
      connections.ended(end);
    }

    private void answer(HttpResponse response) {
      if (phase == Phase.ENDING) {
        return; // it comes too late: the caller was told so, or that the node stops
      }
      HttpResponse told = stopping ? response.addHeader(LAST) : response;
      if (bodyless || response.entity().isStrict()) {
        push(responseOut, told);
        answered();
      } else {
        phase = Phase.STREAMING;
        push(responseOut, watched(told));
      }
    }

    /** The next request may have come before the end of this answer was heard of. */
    private void streamed() {
      if (phase == Phase.STREAMING) {
        answered();
      }
    }

    private void answered() {
      if (!stopping) {
        phase = Phase.WAITING;
        dueIn(next);
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
      } else if (how == End.NOW || (phase == Phase.WAITING && last.isZero())) {
        completeStage();
      } else if (phase == Phase.WAITING) {
        dueIn(last);
      }
    }

    private HttpResponse stopped() {
      return Answers.refused(
              "stopping",
              "This node stops before the answer was there; what was asked may still happen.")
          .addHeader(RawHeader.create("Retry-After", "1"));
    }

    private HttpResponse watched(HttpResponse response) {
      return response.transformEntityDataBytes(onEnd(() -> streamed.invoke(Done.getInstance())));
    }
  }

  /** Passes bytes on; tells when there are no more, or nobody wants them. */
  private static Flow<ByteString, ByteString, NotUsed> onEnd(Runnable told) {
    return Flow.of(ByteString.class)
        .watchTermination(
            (mat, ended) -> {
              var unused =
                  ended.handleAsync(
                      (done, failure) -> {
                        told.run();
                        return done;
                      },
                      Runnable::run);
              return mat;
            });
  }

  /** A request, its time, and what is said when that is over. */
  private final class Asked implements AnswerTime {
    private final AsyncCallback<Asked> changed;
    private volatile Duration time = answerTime;
    private volatile @Nullable Supplier<HttpResponse> late;
    private @Nullable Long arrivedAt;

    Asked(AsyncCallback<Asked> changed) {
      this.changed = changed;
    }

    @Override
    public void whenOver(Supplier<HttpResponse> answer) {
      late = answer;
    }

    @Override
    public void set(Duration other) {
      time = other;
      changed.invoke(this);
    }
  }
}
