package io.twinloop.persistence.r2dbc;

import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.pekko.actor.AbstractExtensionId;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.ClassicActorSystemProvider;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.Extension;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/**
 * What the journal, the snapshot store and the queries of one actor system share: connections, the
 * queue of writes, and what a node shows of them, {@link #metrics()} and {@link #health()}.
 */
public final class PostgresPersistence implements Extension {

  private static final Id ID = new Id();

  private final PersistenceSettings settings;
  private final JournalMetrics metrics = new JournalMetrics();
  private final DatabaseHealth health;
  private final NewEvents newEvents = new NewEvents();
  private final WriteConnection writeConnection;
  private final GroupCommit groupCommit;
  private final Database database;
  private final JournalReads reads;
  private final SharedPages sharedPages;
  private final EventCodec codec;
  private final HorizonAge horizonAge = new HorizonAge();
  private final AtomicBoolean probing = new AtomicBoolean();

  private PostgresPersistence(ExtendedActorSystem system) {
    settings = PersistenceSettings.read(system.settings().config());
    PostgresSettings postgres = settings.postgres();
    health = new DatabaseHealth(postgres, Clock.systemUTC());
    codec = new EventCodec(system);
    LoopResources loops = LoopResources.create("twinloop-postgres", postgres.ioThreads(), true);
    writeConnection =
        new WriteConnection(
            ConnectionFactories.forWriting(postgres, settings.journal().writeTimeout(), loops),
            settings,
            health,
            System::nanoTime);
    groupCommit =
        new GroupCommit(
            writeConnection,
            settings.journal(),
            metrics,
            newEvents,
            System::nanoTime,
            system.dispatcher());
    database =
        new Database(
            ConnectionFactories.forReading(postgres, settings.pool().statementTimeout(), loops),
            settings.pool());
    reads = new JournalReads(database, settings.query());
    sharedPages = new SharedPages(reads, newEvents, settings.query().sharedBytes());
    JournalWatch watch = new JournalWatch(reads, newEvents);
    Cancellable look =
        system
            .scheduler()
            .scheduleWithFixedDelay(
                settings.query().pollInterval(),
                settings.query().pollInterval(),
                () -> {
                  sharedPages.expire();
                  watch.look();
                },
                system.dispatcher());
    Cancellable probe =
        system
            .scheduler()
            .scheduleWithFixedDelay(
                Duration.ZERO, settings.healthInterval(), this::probe, system.dispatcher());
    system.registerOnTermination(
        () -> {
          look.cancel();
          probe.cancel();
          writeConnection.close();
          database.close().onErrorComplete().then(loops.disposeLater()).subscribe();
        });
  }

  /** The instance of an actor system, made when first asked for. */
  public static PostgresPersistence get(ClassicActorSystemProvider system) {
    return ID.get(system);
  }

  /**
   * Keeps a node that may have been replaced from writing. The primary key refuses its event where
   * another writer stored one with the same number; this refuses it where none did yet.
   *
   * @param mayWrite completes when this node may write, fails when it may not; asked before every
   *     flush, so it must be cheap
   */
  public void fence(Supplier<CompletableFuture<Void>> mayWrite) {
    groupCommit.fence(mayWrite);
  }

  public JournalMetrics metrics() {
    return metrics;
  }

  public DatabaseHealth health() {
    return health;
  }

  PersistenceSettings settings() {
    return settings;
  }

  GroupCommit groupCommit() {
    return groupCommit;
  }

  Database database() {
    return database;
  }

  JournalReads reads() {
    return reads;
  }

  SharedPages sharedPages() {
    return sharedPages;
  }

  EventCodec codec() {
    return codec;
  }

  NewEvents newEvents() {
    return newEvents;
  }

  private void probe() {
    if (probing.compareAndSet(false, true)) {
      Mono.fromFuture(groupCommit::probe)
          .then(Mono.fromFuture(reads::horizon))
          .doFinally(ended -> probing.set(false))
          .subscribe(
              horizon -> {
                health.answered();
                metrics.horizonAge(horizonAge.observe(horizon, System.nanoTime()));
              },
              error -> health.failed(rootOf(error)));
    }
  }

  /** What PostgreSQL or the network said, without what it meant for a write. */
  private static Throwable rootOf(Throwable error) {
    Throwable cause = error.getCause();
    return error instanceof JournalException && cause != null ? cause : error;
  }

  private static final class Id extends AbstractExtensionId<PostgresPersistence> {
    @Override
    public PostgresPersistence createExtension(ExtendedActorSystem system) {
      return new PostgresPersistence(system);
    }

    @Override
    public PostgresPersistence get(ActorSystem system) {
      return super.get(system);
    }
  }
}
