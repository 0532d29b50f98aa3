package io.twinloop.http;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.entities.Entities;
import java.time.Duration;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.persistence.testkit.PersistenceTestKitPlugin;
import org.apache.pekko.persistence.testkit.PersistenceTestKitSnapshotPlugin;
import org.apache.pekko.persistence.testkit.javadsl.PersistenceTestKit;

/** The real entities, sharded over one node, with their journal in memory. */
public final class EntitySystem implements AutoCloseable {

  private final ActorTestKit kit;
  private final PersistenceTestKit journal;
  private final ClusterSharding sharding;
  private final Entities entities;

  public EntitySystem() {
    Config config =
        ConfigFactory.parseString(
                """
                pekko {
                  loglevel = WARNING, stdout-loglevel = OFF, jvm-exit-on-fatal-error = off
                  loggers = ["org.apache.pekko.event.slf4j.Slf4jLogger"]
                  actor.provider = cluster
                  remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                  cluster { roles = [entities], jmx.enabled = off, shutdown-after-unsuccessful-join-seed-nodes = off }
                  coordinated-shutdown { run-by-jvm-shutdown-hook = off, exit-jvm = off }
                }
                """)
            .withFallback(PersistenceTestKitPlugin.config())
            .withFallback(PersistenceTestKitSnapshotPlugin.config())
            .withFallback(ConfigFactory.load());
    kit = ActorTestKit.create("entities", config);
    journal = PersistenceTestKit.create(kit.system());
    Cluster cluster = Cluster.get(kit.system());
    cluster.manager().tell(Join.create(cluster.selfMember().address()));
    sharding = ClusterSharding.get(kit.system());
    entities = new Entities(sharding, Duration.ofSeconds(20));
  }

  public ActorSystem<?> system() {
    return kit.system();
  }

  public ClusterSharding sharding() {
    return sharding;
  }

  public Entities entities() {
    return entities;
  }

  /** How many events an entity has stored. */
  public int stored(EntityTypeKey<?> key, String id) {
    return journal.persistedInStorage(key.name() + "|" + id).size();
  }

  @Override
  public void close() {
    kit.shutdownTestKit();
  }
}
