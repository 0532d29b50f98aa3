package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueType;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this node does and where; read once from {@code twinloop.node}.
 *
 * @param roles of this node: {@code api}, {@code entities}, {@code projections}
 * @param dependenciesTimeout at start PostgreSQL and Kafka are waited for so long
 * @param joinTimeout a node that is no member of the cluster by then does not start
 * @param askTimeout an entity that has not answered by then is taken for away
 * @param askRepeat a command that may be repeated is sent again after so long without an answer
 * @param askSettling after nodes came or went, entities move for so long at most
 * @param askWaiting so many other commands wait while entities may move
 * @param membership how this node makes sure that it is a member
 * @param seeds nodes to join; empty: a cluster of its own
 * @param movableClock whether people may move the clock on
 */
record NodeSettings(
    List<String> roles,
    Duration dependenciesTimeout,
    Duration joinTimeout,
    Duration askTimeout,
    Duration askRepeat,
    Duration askSettling,
    int askWaiting,
    MembershipSettings membership,
    List<String> seeds,
    boolean movableClock) {

  static NodeSettings of(Config config) {
    Config node = config.getConfig("twinloop.node");
    return new NodeSettings(
        node.getStringList("roles"),
        node.getDuration("dependencies-timeout"),
        node.getDuration("join-timeout"),
        node.getDuration("ask-timeout"),
        node.getDuration("ask-repeat"),
        node.getDuration("ask-settling"),
        node.getInt("ask-waiting"),
        MembershipSettings.of(config),
        seeds(node),
        node.getBoolean("movable-clock"));
  }

  /** One text with commas between, or a list. */
  private static List<String> seeds(Config node) {
    if (node.getValue("seeds").valueType() != ConfigValueType.STRING) {
      return node.getStringList("seeds");
    }
    return Stream.of(node.getString("seeds").split(",", -1))
        .map(String::strip)
        .filter(seed -> !seed.isEmpty())
        .toList();
  }

  boolean has(String role) {
    return roles.contains(role);
  }
}
