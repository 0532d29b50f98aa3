package io.twinloop.multijvm.chaos;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What the checker found wrong; nothing, where all that was promised was kept. */
public final class Findings {

  /** What can be wrong. */
  public enum Kind {
    /** Acknowledged, and not there. */
    LOST,
    /** There more than once. */
    DOUBLED,
    /** Not asked for, or refused, and there all the same. */
    INVENTED,
    /** In an order that can't have been, or two writers in turns. */
    DISORDER,
    /** Somebody was shown what was no longer, or never, so. */
    STALE_READ,
    /** A loop, a workflow or an episode without its other half, or one that doesn't end. */
    OPEN_LOOP,
    /** A read model that doesn't follow from the journal. */
    READ_MODEL,
    /** An event that is not on the bus, or was given up. */
    BUS,
    /** An answer that must not be. */
    ANSWER,
    /** The cluster did not recover by itself. */
    RECOVERY
  }

  private static final int KEPT_OF_A_KIND = 20;

  private final Map<Kind, List<String>> sentences = new EnumMap<>(Kind.class);
  private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);

  synchronized void add(Kind kind, String sentence) {
    counts.merge(kind, 1, Integer::sum);
    List<String> kept = sentences.computeIfAbsent(kind, first -> new ArrayList<>());
    if (kept.size() < KEPT_OF_A_KIND) {
      kept.add(sentence);
    }
  }

  synchronized void addAll(Findings others) {
    others.sentences.forEach((kind, list) -> list.forEach(sentence -> add(kind, sentence)));
  }

  public synchronized boolean isEmpty() {
    return counts.isEmpty();
  }

  /** How often something of a kind was found. */
  public synchronized int count(Kind kind) {
    return counts.getOrDefault(kind, 0);
  }

  /** One sentence for each, at most {@value #KEPT_OF_A_KIND} of a kind. */
  public synchronized List<String> sentences() {
    List<String> all = new ArrayList<>();
    sentences.forEach((kind, list) -> list.forEach(sentence -> all.add(kind + ": " + sentence)));
    return all;
  }

  @Override
  public String toString() {
    return isEmpty() ? "nothing" : String.join("\n", sentences());
  }
}
