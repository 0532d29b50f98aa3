package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.AtomicWrite;
import org.apache.pekko.persistence.JournalProtocol;
import org.apache.pekko.persistence.Persistence;
import org.apache.pekko.persistence.PersistentEnvelope;
import org.apache.pekko.persistence.PersistentRepr;
import org.apache.pekko.testkit.javadsl.TestKit;
import scala.jdk.javaapi.CollectionConverters;

/** Talks to the journal as a persistent actor does, by messages, and says what came back. */
final class JournalDriver {

  static final long ALL = Long.MAX_VALUE;

  private static final int INSTANCE = 1;

  private final ActorSystem system;
  private final ActorRef journal;
  private final String writer;

  JournalDriver(ActorSystem system, String writer) {
    this.system = system;
    this.journal =
        Persistence.get(system).journalFor(null, com.typesafe.config.ConfigFactory.empty());
    this.writer = writer;
  }

  /** What a replay gave. */
  record Replay(List<PersistentRepr> events, long highestSeqNr) {
    List<Object> payloads() {
      return events.stream().map(PersistentRepr::payload).toList();
    }

    List<Long> seqNrs() {
      return events.stream().map(PersistentRepr::sequenceNr).toList();
    }
  }

  PersistentRepr event(String persistenceId, long seqNr, Object payload) {
    return PersistentRepr.apply(
        payload, seqNr, persistenceId, "", false, ActorRef.noSender(), writer);
  }

  AtomicWrite atomic(PersistentRepr... events) {
    return AtomicWrite.apply(CollectionConverters.asScala(List.of(events)).toList());
  }

  /**
   * Writes events "a-1", "a-2" …, each by itself but for the last two, which are one atomic write.
   */
  void writeSome(String persistenceId, long from, long to) {
    List<PersistentEnvelope> writes = new ArrayList<>();
    LongStream.rangeClosed(from, to - 2)
        .forEach(i -> writes.add(atomic(event(persistenceId, i, "a-" + i))));
    writes.add(
        atomic(event(persistenceId, to - 1, "a-" + (to - 1)), event(persistenceId, to, "a-" + to)));
    List<Object> answers = write(writes);
    assertThat(answers).hasSize((int) (to - from + 2));
    assertThat(answers.get(0)).isEqualTo(JournalProtocol.WriteMessagesSuccessful$.MODULE$);
    assertThat(answers.subList(1, answers.size()))
        .allSatisfy(
            answer -> assertThat(answer).isInstanceOf(JournalProtocol.WriteMessageSuccess.class));
  }

  /** All answers to one request: whether the batch went, then one for each event. */
  List<Object> write(List<? extends PersistentEnvelope> writes) {
    TestKit probe = send(writes);
    int events = writes.stream().mapToInt(PersistentEnvelope::size).sum();
    List<Object> answers = new ArrayList<>();
    for (int i = 0; i <= events; i++) {
      answers.add(probe.expectMsgAnyClassOf(java.time.Duration.ofSeconds(15), Object.class));
    }
    return answers;
  }

  /** Sends a request and gives the probe that gets the answers. */
  TestKit send(List<? extends PersistentEnvelope> writes) {
    TestKit probe = new TestKit(system);
    List<PersistentEnvelope> copy = List.copyOf(writes);
    journal.tell(
        new JournalProtocol.WriteMessages(
            CollectionConverters.asScala(copy).toList(), probe.getRef(), INSTANCE),
        ActorRef.noSender());
    return probe;
  }

  Replay replay(String persistenceId, long from, long to, long max) {
    TestKit probe = startReplay(persistenceId, from, to, max);
    return awaitReplay(probe);
  }

  TestKit startReplay(String persistenceId, long from, long to, long max) {
    TestKit probe = new TestKit(system);
    journal.tell(
        new JournalProtocol.ReplayMessages(from, to, max, persistenceId, probe.getRef()),
        ActorRef.noSender());
    return probe;
  }

  Replay awaitReplay(TestKit probe) {
    List<PersistentRepr> events = new ArrayList<>();
    while (true) {
      Object message = probe.expectMsgAnyClassOf(java.time.Duration.ofSeconds(15), Object.class);
      if (message instanceof JournalProtocol.ReplayedMessage replayed) {
        events.add(replayed.persistent());
      } else if (message instanceof JournalProtocol.RecoverySuccess success) {
        return new Replay(events, success.highestSequenceNr());
      } else {
        throw new AssertionError("Unexpected " + message);
      }
    }
  }

  Object delete(String persistenceId, long to) {
    TestKit probe = new TestKit(system);
    journal.tell(
        new JournalProtocol.DeleteMessagesTo(persistenceId, to, probe.getRef()),
        ActorRef.noSender());
    return probe.expectMsgAnyClassOf(java.time.Duration.ofSeconds(15), Object.class);
  }
}
