package io.twinloop.projections.idempotency;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/**
 * Remembers the first answer to a request that carried an idempotency key, so that a repeat gets
 * the same answer.
 *
 * <p>A request first claims its key. The claim is a lease: when the node dies before the answer is
 * kept, a repeat may execute again once the lease has run out. Only the owner of the claim can keep
 * an answer, so an execution that lost its lease can't overwrite the answer of its successor.
 */
public interface IdempotencyKeys {

  /** Takes the key for one execution, or says what became of the first one. */
  CompletionStage<Claim> claim(Key key, Optional<String> fingerprint);

  /** Prolongs the lease; false when the claim is no longer ours. */
  CompletionStage<Boolean> renew(Key key, UUID owner);

  /** Keeps the answer for the retention time; false when the claim is no longer ours. */
  CompletionStage<Boolean> keep(Key key, UUID owner, String fingerprint, Answer answer);

  /** Gives the key back unanswered, so that a repeat executes at once. */
  CompletionStage<Boolean> release(Key key, UUID owner);

  /** Deletes answers older than the retention time and returns how many there were. */
  CompletionStage<Integer> deleteExpired();

  /**
   * What makes a request the same request.
   *
   * @param caller who asks
   * @param route method and path
   * @param key the caller's own key
   */
  record Key(String caller, String route, String key) {}

  /**
   * A kept answer.
   *
   * @param status HTTP status
   * @param headers lines of the form {@code Name: value}
   * @param body the bytes of the body, at most {@link #MAX_BODY}
   */
  record Answer(int status, List<String> headers, ByteBuffer body) {

    /** Larger answers aren't kept, in bytes. */
    public static final int MAX_BODY = 1024 * 1024;

    public Answer {
      headers = List.copyOf(headers);
      if (body.remaining() > MAX_BODY) {
        throw new IllegalArgumentException(
            "An answer of %d bytes is larger than the %d kept."
                .formatted(body.remaining(), MAX_BODY));
      }
      body = body.asReadOnlyBuffer();
    }

    public Answer(int status, List<String> headers, byte[] body) {
      this(status, headers, ByteBuffer.wrap(body));
    }

    /** A copy of the body. */
    public byte[] bytes() {
      byte[] bytes = new byte[body.remaining()];
      body.duplicate().get(bytes);
      return bytes;
    }
  }

  /** What a claim found. */
  sealed interface Claim {

    /** The key is free: execute, then {@link #keep} or {@link #release}. */
    record Execute(UUID owner) implements Claim {}

    /** The key was answered: give this answer again if the repeat's body has this fingerprint. */
    record Repeat(String fingerprint, Answer answer) implements Claim {}

    /** The key belongs to a request with another body. */
    record OtherBody() implements Claim {}

    /** The first request is still being answered, at most for this long. */
    record InProgress(Duration leaseLeft) implements Claim {}
  }
}
