package io.twinloop.http.bus;

import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Identity.Kind;
import io.twinloop.http.Problems;
import io.twinloop.http.Stages;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.javadsl.Source;

/**
 * How many event streams each caller has open on this node. Programs of this machine's user, where
 * nobody logs in, may have any number.
 */
final class StreamsByCaller {

  /** Streams of one caller at the same time. */
  static final int MOST = 20;

  private static final Duration COME_AGAIN = Duration.ofSeconds(5);

  private final ConcurrentMap<String, Integer> open = new ConcurrentHashMap<>();

  /** The stream, counted from its first reading to its end; refuses one too many. */
  <T> Source<T, ?> counted(Identity caller, Source<T, ?> stream) {
    if (caller.kind() == Kind.LOCAL) {
      return stream;
    }
    String name = caller.actor();
    if (open.getOrDefault(name, 0) >= MOST) {
      throw Problems.of(
              "too-many-requests",
              "'%s' has %d event streams open on this node, and more are not served; close one."
                  .formatted(name, MOST))
          .refuse()
          .retryAfter(COME_AGAIN);
    }
    return Source.lazySource(() -> entered(name, stream));
  }

  /** Of several that were let in at the same time, those too many end at once. */
  private <T> Source<T, NotUsed> entered(String name, Source<T, ?> stream) {
    if (open.merge(name, 1, Integer::sum) > MOST) {
      leave(name);
      return Source.empty();
    }
    return stream.watchTermination(
        (mat, ended) -> {
          Stages.handle(
              ended,
              (done, failure) -> {
                leave(name);
                return done;
              });
          return NotUsed.getInstance();
        });
  }

  private void leave(String name) {
    open.computeIfPresent(name, (key, count) -> count == 1 ? null : count - 1);
  }
}
