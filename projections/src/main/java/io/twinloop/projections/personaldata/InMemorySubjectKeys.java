package io.twinloop.projections.personaldata;

import io.twinloop.domain.personaldata.SubjectKey;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Keys that are gone with the process; the double of the real ones. */
public final class InMemorySubjectKeys implements SubjectKeys {

  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Optional<SubjectKey>> keys = new HashMap<>();
  private final Map<String, Instant> erased = new HashMap<>();

  public InMemorySubjectKeys(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public synchronized CompletionStage<Map<String, Optional<SubjectKey>>> forSealing(
      Set<String> subjects) {
    subjects.forEach(subject -> keys.computeIfAbsent(subject, this::make));
    return forOpening(subjects);
  }

  private Optional<SubjectKey> make(String subject) {
    byte[] key = new byte[SubjectKey.BYTES];
    random.nextBytes(key);
    return Optional.of(new SubjectKey(subject, key));
  }

  @Override
  public synchronized CompletionStage<Map<String, Optional<SubjectKey>>> forOpening(
      Set<String> subjects) {
    Map<String, Optional<SubjectKey>> found = new HashMap<>(keys);
    found.keySet().retainAll(subjects);
    return CompletableFuture.completedStage(found);
  }

  @Override
  public synchronized CompletionStage<Optional<Instant>> erase(String subject, boolean known) {
    if (known || keys.containsKey(subject)) {
      keys.put(subject, Optional.empty());
      erased.putIfAbsent(subject, clock.instant());
    }
    return CompletableFuture.completedStage(Optional.ofNullable(erased.get(subject)));
  }
}
