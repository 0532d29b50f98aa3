package io.twinloop.cluster;

import io.twinloop.projections.cluster.LiveMembers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a node becomes a member.
 *
 * <p>The first of the seeds founds a cluster when none of the others answers. That they don't
 * answer may also mean that they stand still or are cut off, and a second cluster beside theirs, on
 * the same database, would have every entity twice. So members write down that they are alive, and
 * while others have done so lately nothing is founded: the node goes on asking them to let it in.
 */
final class Joining {

  private static final Logger LOG = LoggerFactory.getLogger(Joining.class);

  /** How often members write down that they are alive. */
  private static final Duration SIGN = Duration.ofSeconds(3);

  /** Nobody has been alive lately: five signs are missing. */
  private static final Duration LATELY = SIGN.multipliedBy(5);

  private static final Duration LOOK = Duration.ofSeconds(1);

  private final ActorSystem<?> system;
  private final Cluster cluster;
  private final LiveMembers members;
  private final List<Address> seeds;
  private final Address self;

  /**
   * @param seeds nodes to join, as in the settings; empty: the node is a cluster of its own
   */
  Joining(ActorSystem<?> system, List<String> seeds, LiveMembers members) {
    this.system = system;
    this.cluster = Cluster.get(system);
    this.members = members;
    this.seeds = seeds.stream().map(AddressFromURIString::parse).toList();
    this.self = cluster.selfMember().address();
  }

  /** Returns when the node is a member. */
  void join(Duration timeout) throws Exception {
    CompletableFuture<Void> up = new CompletableFuture<>();
    org.apache.pekko.cluster.Cluster.get(system.classicSystem())
        .registerOnMemberUp(() -> up.complete(null));
    long deadline = System.nanoTime() + timeout.toNanos();
    List<Address> alive = aliveBesideFounder();
    if (!alive.isEmpty()) {
      LOG.info("Founds no cluster, for there are members already: {}.", alive);
    }
    ask(alive);
    while (!isDone(up)) {
      if (System.nanoTime() > deadline) {
        throw new CannotStart(
            "This node could not join the cluster of %s within %d s: see that one of them runs, and that all speak TLS with certificates of the same CA, or none does."
                .formatted(alive.isEmpty() ? founders() : alive, timeout.toSeconds()));
      }
      if (!alive.isEmpty()) {
        alive = aliveBesideFounder();
        if (alive.isEmpty()) {
          ask(alive);
        }
      }
    }
  }

  /** Writes down from now on that this node is alive, while the cluster confirms it. */
  void showSigns(Membership membership) {
    if (seeds.isEmpty()) {
      return;
    }
    system
        .scheduler()
        .scheduleWithFixedDelay(
            Duration.ZERO,
            SIGN,
            () -> {
              if (membership.isConfirmed()) {
                var unused = // the next one is soon enough
                    members
                        .seen(self.toString())
                        .exceptionally(
                            failure -> {
                              LOG.warn(
                                  "That this node is alive is not written down: {}",
                                  failure.toString());
                              return null;
                            });
              }
            },
            system.executionContext());
  }

  /** Writes down that this node has left. */
  void left() throws Exception {
    if (!seeds.isEmpty()) {
      members
          .gone(self.toString())
          .toCompletableFuture()
          .get(SIGN.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** Who holds this node back from founding a cluster; nobody where it may not found one anyway. */
  private List<Address> aliveBesideFounder() throws Exception {
    if (seeds.isEmpty() || !seeds.get(0).equals(self)) {
      return List.of();
    }
    return members
        .others(self.toString(), LATELY)
        .toCompletableFuture()
        .get(LATELY.toMillis(), TimeUnit.MILLISECONDS)
        .stream()
        .map(AddressFromURIString::parse)
        .toList();
  }

  /** Only a node that stands first in the list may found a cluster. */
  private void ask(List<Address> alive) {
    List<Address> asked = new ArrayList<>(alive);
    asked.addAll(founders());
    cluster.manager().tell(new JoinSeedNodes(asked.stream().distinct().toList()));
  }

  private List<Address> founders() {
    return seeds.isEmpty() ? List.of(self) : seeds;
  }

  private static boolean isDone(CompletableFuture<Void> up)
      throws InterruptedException, ExecutionException {
    try {
      up.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException notYet) {
      return false;
    }
  }
}
