package io.twinloop.http;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.util.ByteString;

/**
 * Counts the answers that are still being streamed, so that a stopping server can let them end:
 * Pekko HTTP itself only waits for answers that have not begun.
 */
final class OpenStreams {

  private final CompletableFuture<Done> allEnded = new CompletableFuture<>();
  private int open;
  private boolean stopping;

  /** The answer, counted while its body is being sent. */
  HttpResponse counted(HttpResponse answer) {
    return answer.transformEntityDataBytes(
        Flow.of(ByteString.class)
            .watchTermination(
                (mat, ended) -> {
                  change(1);
                  Stages.handle(
                      ended,
                      (done, failure) -> {
                        change(-1);
                        return done;
                      });
                  return mat;
                }));
  }

  /** Completes as soon as no answer is being streamed any more. */
  CompletionStage<Done> stop() {
    synchronized (this) {
      stopping = true;
    }
    change(0);
    return allEnded;
  }

  private void change(int difference) {
    boolean last;
    synchronized (this) {
      open += difference;
      last = stopping && open == 0;
    }
    if (last) {
      allEnded.complete(Done.getInstance());
    }
  }
}
