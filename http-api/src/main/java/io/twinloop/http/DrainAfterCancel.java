package io.twinloop.http;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Passes bytes on; when the reader goes away it reads and drops the rest, up to a number of bytes
 * and a time. Materialised once.
 */
final class DrainAfterCancel extends GraphStage<FlowShape<ByteString, ByteString>> {

  private final Inlet<ByteString> in = Inlet.create("DrainAfterCancel.in");
  private final Outlet<ByteString> out = Outlet.create("DrainAfterCancel.out");
  private final FlowShape<ByteString, ByteString> shape = FlowShape.of(in, out);
  private final CompletableFuture<Done> ended = new CompletableFuture<>();
  private final long maxBytes;
  private final Duration maxTime;
  private volatile boolean started;

  DrainAfterCancel(long maxBytes, Duration maxTime) {
    this.maxBytes = maxBytes;
    this.maxTime = maxTime;
  }

  boolean hasStarted() {
    return started;
  }

  /** Completes when the last byte was read or the drain was given up; never fails. */
  CompletionStage<Done> ended() {
    return ended;
  }

  @Override
  public FlowShape<ByteString, ByteString> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes attributes) {
    started = true;
    return new Logic();
  }

  private final class Logic extends TimerGraphStageLogic {
    private boolean draining;
    private long dropped;

    Logic() {
      super(shape);
      setHandlers(
          in,
          out,
          new AbstractInOutHandler() {
            @Override
            public void onPush() {
              ByteString bytes = grab(in);
              if (!draining) {
                push(out, bytes);
                return;
              }
              dropped += bytes.size();
              if (dropped > maxBytes) {
                completeStage();
              } else {
                pull(in);
              }
            }

            @Override
            public void onPull() {
              pull(in);
            }

            @Override
            public void onDownstreamFinish(Throwable cause) {
              draining = true;
              scheduleOnce("give up", maxTime);
              if (!hasBeenPulled(in)) {
                pull(in);
              }
            }
          });
    }

    @Override
    public void onTimer(Object timer) {
      completeStage();
    }

    @Override
    public void postStop() {
      ended.complete(Done.getInstance());
    }
  }
}
