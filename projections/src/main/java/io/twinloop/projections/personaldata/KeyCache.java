package io.twinloop.projections.personaldata;

import io.twinloop.domain.personaldata.SubjectKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Keys that were read lately. Each is forgotten soon after it was read, however often it is used,
 * so that one which another node has thrown away is gone here too; of very many those that were not
 * used for longest.
 */
final class KeyCache {

  private record Held(Optional<SubjectKey> key, long readAtNanos) {}

  private final Map<String, Held> held;
  private final long lifeNanos;

  /**
   * @param most so many keys, a few hundred bytes each
   * @param life of a key after it was read
   */
  KeyCache(int most, Duration life) {
    this.lifeNanos = life.toNanos();
    this.held =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Held> eldest) {
            return size() > most;
          }
        };
  }

  /** What is held of these subjects. */
  synchronized Map<String, Optional<SubjectKey>> of(Set<String> subjects) {
    long now = System.nanoTime();
    Map<String, Optional<SubjectKey>> found = new HashMap<>();
    for (String subject : subjects) {
      Held entry = held.get(subject);
      if (entry != null && now - entry.readAtNanos() < lifeNanos) {
        found.put(subject, entry.key());
      }
    }
    return found;
  }

  /**
   * Keeps what was read.
   *
   * @param askedAtNanos when it was asked for: what is older than that is younger than this
   */
  synchronized void keep(Map<String, Optional<SubjectKey>> read, long askedAtNanos) {
    for (String subject : new HashSet<>(read.keySet())) {
      Held entry = held.get(subject);
      boolean erasedMeanwhile =
          entry != null && entry.key().isEmpty() && entry.readAtNanos() > askedAtNanos;
      if (!erasedMeanwhile) {
        held.put(subject, new Held(read.get(subject), askedAtNanos));
      }
    }
  }

  /** A subject was erased here. */
  synchronized void erased(String subject) {
    held.put(subject, new Held(Optional.empty(), System.nanoTime()));
  }
}
