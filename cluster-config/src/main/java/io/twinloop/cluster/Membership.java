package io.twinloop.cluster;

import io.twinloop.serialization.CborSerializable;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.ActorSelection;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent.CurrentClusterState;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node may still speak for the cluster.
 *
 * <p>A node that was stopped for a while, or cut off, may have been removed: its entities live on
 * other nodes, and what it remembers of them is old. It can't tell by what it knows itself. So it
 * asks the other members all the time, and a confirmation of a majority holds for as long as they
 * would wait before they gave its entities away, counted from when it asked. Who wants to answer,
 * or to write, looks here first; a clock that ran on while the process stood still makes every
 * earlier confirmation old. This is a lease without a keeper (Gray and Cheriton, 1989).
 */
final class Membership {

  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
  private static final String NAME = "membership";
  private static final CompletableFuture<Void> CONFIRMED = CompletableFuture.completedFuture(null);

  /** Those whose entities live on until they leave. */
  private static final Set<MemberStatus> STAYING =
      Set.of(MemberStatus.up(), MemberStatus.leaving(), MemberStatus.exiting());

  /** This node was stopped or cut off, and does not know whether it is still a member. */
  static final class CutOff extends RuntimeException {
    CutOff() {
      super(
          "This node was stopped or cut off from the others and does not know whether it still"
              + " belongs to the cluster; nothing was read and nothing stored.");
    }
  }

  private final MembershipSettings settings;
  private final LongSupplier nanoTime;
  private final long began;
  private volatile long validUntil;
  private volatile CompletableFuture<Void> next = new CompletableFuture<>();

  Membership(MembershipSettings settings, LongSupplier nanoTime) {
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.began = nanoTime.getAsLong();
  }

  /**
   * Starts to ask the other members, and to answer them.
   *
   * @param giveUp called once when there was no confirmation for too long
   */
  static Membership start(ActorSystem<?> system, MembershipSettings settings, Runnable giveUp) {
    Membership membership = new Membership(settings, System::nanoTime);
    system.systemActorOf(
        Behaviors.<Message>setup(context -> membership.new Watch(context, giveUp)),
        NAME,
        DispatcherSelector.fromConfig("pekko.actor.internal-dispatcher"));
    return membership;
  }

  /** Whether what this node knows of its entities is true at this moment. */
  boolean isConfirmed() {
    return now() < validUntil;
  }

  /**
   * Done when that is so; fails with {@link CutOff} when no confirmation comes in time. The wait is
   * bounded, and over at once where the last confirmation is long gone.
   */
  CompletableFuture<Void> confirmed() {
    CompletableFuture<Void> coming = next;
    long late = now() - validUntil;
    if (late < 0) {
      return CONFIRMED;
    }
    Duration left = settings.patience().minusNanos(late);
    if (left.isNegative() || left.isZero()) {
      return CompletableFuture.failedFuture(new CutOff());
    }
    return coming
        .copy()
        .orTimeout(left.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(
            tooLate -> {
              throw new CutOff();
            });
  }

  /** A majority has confirmed what was asked at this time or later. */
  void confirm(long asked) {
    long until = asked + settings.validity().toNanos();
    if (until <= validUntil) {
      return;
    }
    validUntil = until;
    CompletableFuture<Void> waited = next;
    next = new CompletableFuture<>();
    var unused = waited.completeAsync(() -> null); // those that wait go on elsewhere
  }

  /** Nanoseconds since this began: never negative, and on while the process stands still. */
  long now() {
    return nanoTime.getAsLong() - began;
  }

  // Messages

  sealed interface Message extends CborSerializable {}

  /**
   * Asks another node whether it sees this one among the members, and reaches it.
   *
   * @param address of the node that asks
   * @param uid of its present life: a node that was started again is another one
   * @param asked its own time, which comes back with the answer
   */
  record Question(String address, long uid, long asked, ActorRef<Message> replyTo)
      implements Message {}

  /** The answer of the node at this address. */
  record Answer(String address, long asked, boolean member) implements Message {}

  private enum Tick implements Message {
    TICK
  }

  // Behaviour

  private final class Watch extends AbstractBehavior<Message> {
    private final Cluster cluster = Cluster.get(getContext().getSystem().classicSystem());
    private final String own = cluster.selfAddress().toString();
    private final Map<String, Long> confirmations = new HashMap<>();
    private final Runnable giveUp;
    private final long mostRounds = settings.giveUp().dividedBy(settings.interval());
    private List<String> members = List.of();
    private long rounds;

    Watch(ActorContext<Message> context, Runnable giveUp) {
      super(context);
      this.giveUp = giveUp;
      context.scheduleOnce(Duration.ZERO, context.getSelf(), Tick.TICK);
    }

    @Override
    public Receive<Message> createReceive() {
      return newReceiveBuilder()
          .onMessage(Tick.class, tick -> ask())
          .onMessage(Question.class, this::answer)
          .onMessage(Answer.class, this::note)
          .build();
    }

    private Behavior<Message> ask() {
      CurrentClusterState state = cluster.state();
      List<Member> staying =
          StreamSupport.stream(state.getMembers().spliterator(), false)
              .filter(member -> STAYING.contains(member.status()))
              .sorted(
                  (one, other) -> Member.addressOrdering().compare(one.address(), other.address()))
              .toList();
      members = staying.stream().map(member -> member.address().toString()).toList();
      confirmations.keySet().retainAll(members);
      Question question =
          new Question(own, cluster.selfMember().uniqueAddress().longUid(), now(), self());
      for (Member member : staying) {
        if (!member.address().toString().equals(own)) {
          watchOf(member.address()).tell(question, org.apache.pekko.actor.ActorRef.noSender());
        }
      }
      if (members.contains(own)) {
        note(new Answer(own, now(), true));
        countRound();
      }
      getContext().scheduleOnce(settings.interval(), self(), Tick.TICK);
      return this;
    }

    private ActorRef<Message> self() {
      return getContext().getSelf();
    }

    private ActorSelection watchOf(Address address) {
      return getContext().getSystem().classicSystem().actorSelection(address + "/system/" + NAME);
    }

    private Behavior<Message> answer(Question question) {
      CurrentClusterState state = cluster.state();
      boolean reached = state.getUnreachable().stream().noneMatch(member -> is(member, question));
      boolean staying =
          StreamSupport.stream(state.getMembers().spliterator(), false)
              .anyMatch(member -> is(member, question) && STAYING.contains(member.status()));
      question.replyTo().tell(new Answer(own, question.asked(), reached && staying));
      return this;
    }

    private static boolean is(Member member, Question question) {
      return member.uniqueAddress().longUid() == question.uid()
          && member.address().toString().equals(question.address());
    }

    private Behavior<Message> note(Answer answer) {
      if (answer.member()) {
        confirmations.merge(answer.address(), answer.asked(), Math::max);
        Majority.since(members, confirmations).ifPresent(Membership.this::confirm);
      }
      return this;
    }

    /** Counts what this node lived through, not the time it was stopped. */
    private void countRound() {
      if (isConfirmed()) {
        if (rounds > 1) {
          LOG.info("The other nodes confirm that this one is a member.");
        }
        rounds = 0;
        return;
      }
      rounds++;
      if (rounds == 2 && validUntil > 0) {
        LOG.warn(
            "The other nodes don't confirm that this one is a member; it neither answers nor writes.");
      }
      if (rounds == mostRounds) {
        giveUp.run();
      }
    }
  }
}
