package io.twinloop.projections.idempotency;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** Idempotency keys of one process, gone with it: replaces the database where there is none. */
public final class InMemoryIdempotencyKeys implements IdempotencyKeys {

  private final Map<Key, Row> rows = new HashMap<>();
  private final InstantSource clock;
  private final Duration retention;
  private final Duration lease;

  public InMemoryIdempotencyKeys(InstantSource clock, Duration retention, Duration lease) {
    this.clock = Objects.requireNonNull(clock);
    this.retention = Objects.requireNonNull(retention);
    this.lease = Objects.requireNonNull(lease);
  }

  @Override
  public synchronized CompletionStage<Claim> claim(Key key, Optional<String> fingerprint) {
    Instant now = clock.instant();
    Row row = rows.get(key);
    if (row == null || row.isFree(now, fingerprint)) {
      UUID owner = UUID.randomUUID();
      rows.put(
          key, new Row(owner, fingerprint, now.plus(lease), now.plus(retention), Optional.empty()));
      return done(new Claim.Execute(owner));
    }
    if (row.contradicts(fingerprint)) {
      return done(new Claim.OtherBody());
    }
    if (row.answer().isPresent()) {
      return done(new Claim.Repeat(row.fingerprint().orElseThrow(), row.answer().get()));
    }
    Duration left = Duration.between(now, row.leaseUntil());
    return done(new Claim.InProgress(left.isNegative() ? Duration.ZERO : left));
  }

  @Override
  public synchronized CompletionStage<Boolean> renew(Key key, UUID owner) {
    return owned(
        key,
        owner,
        row ->
            rows.put(
                key,
                new Row(
                    owner,
                    row.fingerprint(),
                    clock.instant().plus(lease),
                    row.expiresAt(),
                    Optional.empty())));
  }

  @Override
  public synchronized CompletionStage<Boolean> keep(
      Key key, UUID owner, String fingerprint, Answer answer) {
    return owned(
        key,
        owner,
        row ->
            rows.put(
                key,
                new Row(
                    owner,
                    Optional.of(fingerprint),
                    row.leaseUntil(),
                    clock.instant().plus(retention),
                    Optional.of(answer))));
  }

  @Override
  public synchronized CompletionStage<Boolean> release(Key key, UUID owner) {
    return owned(key, owner, row -> rows.remove(key));
  }

  @Override
  public synchronized CompletionStage<Integer> deleteExpired() {
    Instant now = clock.instant();
    int before = rows.size();
    rows.values().removeIf(row -> !row.expiresAt().isAfter(now));
    return done(before - rows.size());
  }

  private CompletionStage<Boolean> owned(Key key, UUID owner, Consumer<Row> change) {
    Row row = rows.get(key);
    boolean ours = row != null && row.owner().equals(owner) && row.answer().isEmpty();
    if (ours) {
      change.accept(row);
    }
    return done(ours);
  }

  private static <T> CompletionStage<T> done(T value) {
    return CompletableFuture.completedStage(value);
  }

  private record Row(
      UUID owner,
      Optional<String> fingerprint,
      Instant leaseUntil,
      Instant expiresAt,
      Optional<Answer> answer) {

    boolean isFree(Instant now, Optional<String> asked) {
      boolean abandoned = answer.isEmpty() && !leaseUntil.isAfter(now) && !contradicts(asked);
      return abandoned || !expiresAt.isAfter(now);
    }

    boolean contradicts(Optional<String> asked) {
      return fingerprint.isPresent() && asked.isPresent() && !fingerprint.equals(asked);
    }
  }
}
