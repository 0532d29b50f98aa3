package io.twinloop.http.door;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.stream.stage.AsyncCallback;

/**
 * The connections being served, so that a stopping server can end them: each when its present
 * answer is out, or at once.
 */
final class OpenConnections {

  /** How a connection is to end. */
  enum End {
    AFTER_ITS_ANSWER,
    NOW
  }

  private final Set<AsyncCallback<End>> open = Collections.newSetFromMap(new IdentityHashMap<>());
  private final CompletableFuture<Done> allEnded = new CompletableFuture<>();
  private boolean stopping;

  /** A connection begins; {@code end} ends it. */
  void opened(AsyncCallback<End> end) {
    boolean tooLate;
    synchronized (this) {
      open.add(end);
      tooLate = stopping;
    }
    if (tooLate) {
      end.invoke(End.AFTER_ITS_ANSWER);
    }
  }

  void ended(AsyncCallback<End> end) {
    boolean last;
    synchronized (this) {
      open.remove(end);
      last = stopping && open.isEmpty();
    }
    if (last) {
      allEnded.complete(Done.getInstance());
    }
  }

  /** Ends all; completes when the last has ended. */
  CompletionStage<Done> end(End how) {
    List<AsyncCallback<End>> ending;
    synchronized (this) {
      stopping = true;
      ending = List.copyOf(open);
    }
    if (ending.isEmpty()) {
      allEnded.complete(Done.getInstance());
    }
    ending.forEach(connection -> connection.invoke(how));
    return allEnded;
  }
}
