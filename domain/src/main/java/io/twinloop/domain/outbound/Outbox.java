package io.twinloop.domain.outbound;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Keeps messages that are to leave, and what came of each. A sender claims messages for a time, and
 * settles each; a message whose sender is gone can be claimed again when that time is over. So a
 * message is sent at least once, and by one sender at a time.
 */
public interface Outbox {

  /** How a message stands. */
  enum State {
    /** To be sent, for the first time or again. */
    WAITING,
    /** Handed to the other side. */
    SENT,
    /** Given up; somebody may have it sent again. */
    FAILED,
    /** Nothing is configured that could send it. */
    WOULD_SEND
  }

  /**
   * A message one sender has for a time.
   *
   * @param attempt counts from 1 since it was last put to wait
   * @param waitingSince when it was told, or last put to wait by somebody
   * @param lease tells this claim from an earlier or a later one
   */
  record Claim(OutboundMessage message, int attempt, Instant waitingSince, String lease) {}

  /** What came of sending. */
  sealed interface Outcome {
    /** How the message stands after it. */
    State state();
  }

  /** The other side has it. */
  record Sent() implements Outcome {
    @Override
    public State state() {
      return State.SENT;
    }
  }

  /** It won't be tried again; the sentence says why. */
  record Failed(String error) implements Outcome {
    @Override
    public State state() {
      return State.FAILED;
    }
  }

  /** It is due again at an instant; the sentence says why. */
  record TryAgain(String error, Instant at) implements Outcome {
    @Override
    public State state() {
      return State.WAITING;
    }
  }

  /** Nothing is configured that could send it; the sentence says what is missing. */
  record WouldSend(String reason) implements Outcome {
    @Override
    public State state() {
      return State.WOULD_SEND;
    }
  }

  /** Takes messages that are due, the one that waits longest first, for at most this long. */
  CompletionStage<List<Claim>> claim(int atMost, Duration lease);

  /** Notes what came of a claim; false when it was no longer held, and nothing is noted. */
  CompletionStage<Boolean> settle(Claim claim, Outcome outcome);
}
