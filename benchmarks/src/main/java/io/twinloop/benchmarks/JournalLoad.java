package io.twinloop.benchmarks;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.AbstractActor;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.Props;
import org.apache.pekko.persistence.AtomicWrite;
import org.apache.pekko.persistence.JournalProtocol;
import org.apache.pekko.persistence.Persistence;
import org.apache.pekko.persistence.PersistentEnvelope;
import org.apache.pekko.persistence.PersistentRepr;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The journal by itself: events of 160 bytes over 1,000 persistence ids, 256 in flight, by the
 * messages that persistent actors send.
 */
final class JournalLoad extends AbstractActor {

  private static final int PERSISTENCE_IDS = 1_000;
  private static final int IN_FLIGHT = 256;
  private static final String EVENT = "x".repeat(160);

  private final Load load;
  private final CountDownLatch running;
  private final ActorRef journal =
      Persistence.get(getContext().getSystem())
          .journalFor(null, com.typesafe.config.ConfigFactory.empty());
  private final String writer = "journal-load-" + System.nanoTime();
  private final long[] written = new long[PERSISTENCE_IDS];
  private int turn;

  private JournalLoad(Load load, CountDownLatch running) {
    this.load = load;
    this.running = running;
  }

  static Load.Generator start(Load load, ActorSystem system) {
    CountDownLatch running = new CountDownLatch(IN_FLIGHT);
    ActorRef actor =
        ((ExtendedActorSystem) system)
            .systemActorOf(
                Props.create(JournalLoad.class, () -> new JournalLoad(load, running)),
                "journal-load");
    return () -> {
      boolean ended = running.await(Load.longestEndSeconds(), TimeUnit.SECONDS);
      system.stop(actor);
      if (!ended) {
        throw new IllegalStateException("The writes to the journal did not end.");
      }
    };
  }

  @Override
  public void preStart() {
    for (int i = 0; i < IN_FLIGHT; i++) {
      write();
    }
  }

  @Override
  public Receive createReceive() {
    return receiveBuilder()
        .match(JournalProtocol.WriteMessageSuccess.class, this::stored)
        .match(JournalProtocol.WriteMessageFailure.class, failure -> failed(failure.cause()))
        .match(JournalProtocol.WriteMessageRejected.class, refusal -> failed(refusal.cause()))
        .matchAny(other -> {}) // each event has an answer of its own, which is the one that counts
        .build();
  }

  private void stored(JournalProtocol.WriteMessageSuccess success) {
    load.done();
    if (load.goesOn()) {
      write();
    } else {
      running.countDown();
    }
  }

  private void failed(Throwable cause) {
    load.failed(new IllegalStateException("an event was not stored", cause));
    running.countDown();
  }

  private void write() {
    int entity = turn++ % PERSISTENCE_IDS;
    PersistentRepr event =
        PersistentRepr.apply(
            EVENT,
            ++written[entity],
            writer + "|" + entity,
            "",
            false,
            ActorRef.noSender(),
            writer);
    PersistentEnvelope write =
        AtomicWrite.apply(CollectionConverters.asScala(List.of(event)).toList());
    journal.tell(
        new JournalProtocol.WriteMessages(
            CollectionConverters.asScala(List.of(write)).toList(), getSelf(), 1),
        getSelf());
  }
}
