package io.twinloop.cluster;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How a node makes sure that it is a member; read once from {@code twinloop.node.membership}.
 *
 * @param interval the others are asked so often
 * @param validity how long a confirmation holds, from when it was asked for
 * @param patience requests and writes wait so long for the next confirmation
 * @param giveUp a node that runs for so long without one ends
 */
record MembershipSettings(
    Duration interval, Duration validity, Duration patience, Duration giveUp) {

  /**
   * @throws IllegalArgumentException when a confirmation would hold longer than the others wait
   *     before they give the entities of a node to another one
   */
  static MembershipSettings of(Config config) {
    Config membership = config.getConfig("twinloop.node.membership");
    Duration validity = membership.getDuration("validity");
    Duration stableAfter = config.getDuration("pekko.cluster.split-brain-resolver.stable-after");
    Duration margin = config.getDuration("pekko.cluster.down-removal-margin");
    if (validity.compareTo(stableAfter.plus(margin)) >= 0) {
      throw new IllegalArgumentException(
          "twinloop.node.membership.validity is %d ms, but must be less than stable-after and down-removal-margin together, %d ms: until then a node that was removed would still answer."
              .formatted(validity.toMillis(), stableAfter.plus(margin).toMillis()));
    }
    return new MembershipSettings(
        membership.getDuration("interval"),
        validity,
        membership.getDuration("patience"),
        membership.getDuration("give-up"));
  }
}
