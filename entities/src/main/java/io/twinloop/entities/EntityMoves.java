package io.twinloop.entities;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.stream.StreamSupport;
import org.apache.pekko.cluster.ClusterEvent.CurrentClusterState;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.jspecify.annotations.Nullable;

/**
 * Whether entities may be on their way from node to node: while a node is missing, comes or goes,
 * and for a while after, in which the nodes share the entities anew. A message that reaches an
 * entity's node after it has begun to give the entity away is dropped.
 */
final class EntityMoves {

  private final Duration settling;
  private final LongSupplier nanoTime;
  private volatile Seen seen = new Seen(null, false, 0);

  /**
   * @param state what was seen last
   * @param moving whether something moved by that
   * @param since when the members were seen to have changed, by {@link #nanoTime}; 0: never
   */
  private record Seen(@Nullable CurrentClusterState state, boolean moving, long since) {}

  /**
   * @param settling after members came or went, entities move for so long at most
   */
  EntityMoves(Duration settling, LongSupplier nanoTime) {
    this.settling = settling;
    this.nanoTime = nanoTime;
  }

  /** Asked before every command: a state that was seen before costs nothing. */
  @SuppressWarnings("ReferenceEquality") // the same object is the same state
  boolean mayHappen(CurrentClusterState now) {
    Seen last = seen;
    if (last.state() != now) {
      last = follow(last, now);
      seen = last;
    }
    return last.moving()
        || (last.since() != 0 && nanoTime.getAsLong() - last.since() < settling.toNanos());
  }

  private Seen follow(Seen last, CurrentClusterState now) {
    if (now.members().size() <= 1 && now.unreachable().isEmpty()) {
      return new Seen(now, false, 0);
    }
    boolean moving = !now.unreachable().isEmpty() || !allUp(now);
    boolean changed =
        moving
            || last.moving()
            || last.state() == null
            || !last.state().members().equals(now.members());
    return new Seen(now, moving, changed ? nanoTime.getAsLong() : last.since());
  }

  private static boolean allUp(CurrentClusterState state) {
    return StreamSupport.stream(state.getMembers().spliterator(), false)
        .map(Member::status)
        .allMatch(MemberStatus.up()::equals);
  }
}
