package io.twinloop.multijvm.chaos;

import io.twinloop.multijvm.ClusterProcess;
import io.twinloop.multijvm.ClusterProcess.Member;
import io.twinloop.multijvm.HeapEater;
import io.twinloop.multijvm.LoopbackProxy;
import io.twinloop.multijvm.Service;
import io.twinloop.multijvm.SmallDisk;
import io.twinloop.multijvm.Twin;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What may go wrong with a cluster of three nodes, PostgreSQL and Kafka, and what the cluster gets
 * over by itself. Each begins with a cluster that is whole, and ends when the cause of the trouble
 * is gone; nodes that have ended are started again by whoever waits for the cluster.
 */
public enum Fault {
  /** A node ends without warning, and is started again at once. */
  KILL(6) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      victim.node().kill9();
    }
  },

  /** A node ends without warning, and comes back when the others have removed it. */
  KILL_AND_STAY_AWAY(4) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      victim.node().kill9();
      awaitRemovalOf(cluster, victim);
    }
  },

  /** The oldest node, which coordinates shards and runs what runs once, ends without warning. */
  KILL_OLDEST(4) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      Member oldest = cluster.oldest().orElse(victim);
      oldest.node().kill9();
      awaitRemovalOf(cluster, oldest);
    }
  },

  /** Two nodes end without warning, the second as soon as the first is back. */
  KILL_TWO_IN_A_ROW(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      victim.node().kill9();
      cluster.awaitWhole();
      next(cluster, victim).node().kill9();
    }
  },

  /** A node leaves in order. */
  LEAVE(4) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      victim.node().stopGracefully();
    }
  },

  /** All nodes leave in order and come back, one after the other. */
  ROLLING_RESTART(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      Member next = victim;
      for (int i = 0; i < cluster.members().size(); i++) {
        next.node().stopGracefully();
        cluster.awaitWhole();
        next = next(cluster, next);
      }
    }
  },

  /** A node stands still for 5 s, as in a long garbage collection. */
  PAUSE_5_S(3) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      pause(victim, Duration.ofSeconds(5));
    }
  },

  /** A node stands still for 15 s: longer than the others wait for it. */
  PAUSE_15_S(3) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      pause(victim, Duration.ofSeconds(15));
    }
  },

  /** A node stands still for a minute. */
  PAUSE_60_S(1) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      pause(victim, Duration.ofSeconds(60));
    }
  },

  /** A node is cut off from the others, while PostgreSQL, Kafka and callers reach it. */
  CUT_OFF_NODE(4) {
    @Override
    boolean isPossibleFor(ClusterProcess cluster) {
      return ClusterProcess.hasLoopbackAddresses();
    }

    @Override
    void strike(ClusterProcess cluster, Member victim) {
      cluster.isolate(victim);
      hold(Duration.ofSeconds(20));
      cluster.heal();
    }
  },

  /** The same for so short that nobody is removed. */
  CUT_OFF_NODE_FOR_2_S(2) {
    @Override
    boolean isPossibleFor(ClusterProcess cluster) {
      return ClusterProcess.hasLoopbackAddresses();
    }

    @Override
    void strike(ClusterProcess cluster, Member victim) {
      cluster.isolate(victim);
      hold(Duration.ofSeconds(2));
      cluster.heal();
    }
  },

  /** One node does not reach PostgreSQL. */
  CUT_POSTGRES_OF_ONE(3) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      victim.postgres().cut();
      hold(Duration.ofSeconds(10));
      cluster.heal();
    }
  },

  /** No node reaches PostgreSQL. */
  CUT_POSTGRES(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      cluster.members().forEach(member -> member.postgres().cut());
      hold(Duration.ofSeconds(8));
      cluster.heal();
    }
  },

  /** No node reaches Kafka. */
  CUT_KAFKA(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      cluster.kafka().cut();
      hold(Duration.ofSeconds(15));
      cluster.heal();
    }
  },

  /** Everything takes 30 ms more, each way. */
  SLOW_NETWORK(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      ways(cluster).forEach(way -> way.delay(Duration.ofMillis(30)));
      hold(Duration.ofSeconds(15));
      cluster.heal();
    }
  },

  /** Connections break again and again, everywhere. */
  FLAKY_NETWORK(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      for (int i = 0; i < 8; i++) {
        List<LoopbackProxy> ways = ways(cluster);
        ways.get(i % ways.size()).dropConnections();
        victim.postgres().dropConnections();
        hold(Duration.ofSeconds(1));
      }
    }
  },

  /** PostgreSQL closes every connection, as when another server takes over. */
  DATABASE_CONNECTIONS_DROPPED(3) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      inDatabase(
          cluster,
          Duration.ZERO,
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
    }
  },

  /** PostgreSQL is restarted in order. */
  RESTART_POSTGRES(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      restart(cluster.services().postgres(), Duration.ofSeconds(3));
    }
  },

  /** PostgreSQL crashes. */
  KILL_POSTGRES(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      kill(cluster.services().postgres(), Duration.ofSeconds(3));
    }
  },

  /** PostgreSQL answers nobody for 10 s. */
  PAUSE_POSTGRES(1) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      pause(cluster.services().postgres(), Duration.ofSeconds(10));
    }
  },

  /** Another session locks the journal for longer than a statement may take. */
  STATEMENT_TIMEOUT(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      inDatabase(
          cluster, Duration.ofSeconds(7), "LOCK TABLE event_journal IN SHARE ROW EXCLUSIVE MODE");
    }
  },

  /** Another session has a writing transaction open: what is stored meanwhile can't be read on. */
  LONG_TRANSACTION(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      inDatabase(cluster, Duration.ofSeconds(12), "SELECT pg_current_xact_id()");
    }
  },

  /**
   * PostgreSQL's disk is full; whoever watches it makes room, and starts PostgreSQL if it ended.
   */
  DISK_FULL(2) {
    @Override
    boolean isPossibleFor(ClusterProcess cluster) {
      return cluster.disk().isPresent();
    }

    @Override
    void strike(ClusterProcess cluster, Member victim) {
      SmallDisk disk = cluster.disk().orElseThrow();
      disk.fill();
      requireFull(cluster);
      hold(Duration.ofSeconds(10));
      disk.free();
      hold(Duration.ofSeconds(1));
      if (!cluster.services().postgres().isRunning()) {
        cluster.services().postgres().start();
      }
    }
  },

  /** Kafka is restarted in order. */
  RESTART_KAFKA(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      restart(cluster.services().kafka(), Duration.ofSeconds(2));
    }
  },

  /** Kafka, the only leader there is, crashes and is away for 10 s. */
  KILL_KAFKA(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      kill(cluster.services().kafka(), Duration.ofSeconds(10));
    }
  },

  /** Both topics are deleted with all that is on them, and made anew by whoever is faster. */
  TOPICS_MADE_ANEW(1) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      BusContent.makeAnew(cluster.services().kafkaBootstrap());
    }
  },

  /** The product's clock jumps an hour ahead: whatever is due by then happens at once. */
  CLOCK_JUMP(1) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      Twin.Answer answer =
          new Twin(victim.node()::url).change("POST", "/api/v1/clock", "{\"advance\": \"PT1H\"}");
      if (!answer.isOk()) {
        throw new IllegalStateException("The clock was not moved: " + answer);
      }
      for (Member member : cluster.members()) {
        awaitJump(new Twin(member.node()::url));
      }
    }
  },

  /** A node has no memory left. */
  OUT_OF_HEAP(2) {
    @Override
    void strike(ClusterProcess cluster, Member victim) {
      HeapEater.sendTo(victim.node().pid(), cluster.folder());
      int exitCode = victim.node().exitCode(Duration.ofSeconds(60));
      if (exitCode != OUT_OF_MEMORY) {
        throw new IllegalStateException(
            "A node without memory ended with %d, not with %d.".formatted(exitCode, OUT_OF_MEMORY));
      }
    }
  };

  /** Of a JVM that ends by {@code -XX:+ExitOnOutOfMemoryError}. */
  private static final int OUT_OF_MEMORY = 3;

  /** What PostgreSQL says where a file can't grow: SQLSTATE {@code disk_full}. */
  private static final String NO_ROOM = "53100";

  private static final Duration JUMP = Duration.ofHours(1);

  private final int weight;

  Fault(int weight) {
    this.weight = weight;
  }

  /** How often it comes in a run at random, relative to the others. */
  public int weight() {
    return weight;
  }

  /** Whether this machine and user can do it. */
  boolean isPossibleFor(ClusterProcess cluster) {
    return true;
  }

  /** Does it, and ends it. */
  abstract void strike(ClusterProcess cluster, Member victim);

  /** PostgreSQL must have met the end of its disk, else this was no fault. */
  private static void requireFull(ClusterProcess cluster) {
    try {
      inDatabase(
          cluster,
          Duration.ZERO,
          "CREATE TABLE no_room AS SELECT repeat(md5(n::text), 40) FROM generate_series(1, 20000) n");
    } catch (IllegalStateException refused) {
      if (refused.getCause() instanceof SQLException said && NO_ROOM.equals(said.getSQLState())) {
        return;
      }
      throw refused;
    }
    throw new IllegalStateException("PostgreSQL still has room on a disk that is to be full.");
  }

  /** The other nodes follow the clock a moment later. */
  private static void awaitJump(Twin twin) {
    for (int look = 0; look < 50; look++) {
      Instant told = Instant.parse(twin.get("/api/v1/clock").body().path("now").asText());
      if (told.isAfter(Instant.now().plus(JUMP.multipliedBy(9).dividedBy(10)))) {
        return;
      }
      hold(Duration.ofMillis(200));
    }
    throw new IllegalStateException("The clock did not jump on every node.");
  }

  private static Member next(ClusterProcess cluster, Member member) {
    List<Member> all = cluster.members();
    return all.get((all.indexOf(member) + 1) % all.size());
  }

  private static List<LoopbackProxy> ways(ClusterProcess cluster) {
    return Stream.concat(
            Stream.of(cluster.kafka()),
            cluster.members().stream()
                .flatMap(member -> Stream.of(member.remoting(), member.postgres())))
        .toList();
  }

  /** Waits until the others are a cluster without it. */
  private static void awaitRemovalOf(ClusterProcess cluster, Member gone) {
    int rest = cluster.members().size() - 1;
    for (int second = 0; second < 60; second++) {
      boolean removed =
          cluster.members().stream()
              .filter(member -> !member.equals(gone))
              .allMatch(member -> member.members().filter(seen -> seen.isWhole(rest)).isPresent());
      if (removed) {
        return;
      }
      hold(Duration.ofSeconds(1));
    }
    throw new IllegalStateException(
        "A node that was killed is still a member after a minute: " + cluster.describe());
  }

  private static void pause(Member victim, Duration time) {
    victim.node().pause();
    hold(time);
    victim.node().resume();
  }

  private static void pause(Service service, Duration time) {
    service.pause();
    hold(time);
    service.resume();
  }

  private static void restart(Service service, Duration away) {
    service.stop();
    hold(away);
    service.start();
  }

  private static void kill(Service service, Duration away) {
    service.kill();
    hold(away);
    service.start();
  }

  /** Executes something in a transaction that is rolled back after a while. */
  private static void inDatabase(ClusterProcess cluster, Duration time, String sql) {
    try (Connection connection =
        StoredHistory.dataSource(cluster.services().postgresUrl()).getConnection()) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
        hold(time);
      }
      connection.rollback();
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** How long the trouble lasts, which is what it is about. */
  private static void hold(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
