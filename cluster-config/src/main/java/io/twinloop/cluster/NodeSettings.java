package io.twinloop.cluster;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;

/**
 * What this node does and where; read once from {@code twinloop.node}.
 *
 * @param roles of this node: {@code api}, {@code entities}, {@code projections}
 * @param dependenciesTimeout at start PostgreSQL and Kafka are waited for so long
 * @param joinTimeout a node that is no member of the cluster by then does not start
 * @param askTimeout an entity that has not answered by then is taken for away
 * @param seeds nodes to join; empty: a cluster of its own
 * @param movableClock whether people may move the clock on
 */
record NodeSettings(
    List<String> roles,
    Duration dependenciesTimeout,
    Duration joinTimeout,
    Duration askTimeout,
    List<String> seeds,
    boolean movableClock) {

  static NodeSettings of(Config config) {
    Config node = config.getConfig("twinloop.node");
    return new NodeSettings(
        node.getStringList("roles"),
        node.getDuration("dependencies-timeout"),
        node.getDuration("join-timeout"),
        node.getDuration("ask-timeout"),
        node.getStringList("seeds"),
        node.getBoolean("movable-clock"));
  }

  boolean has(String role) {
    return roles.contains(role);
  }
}
