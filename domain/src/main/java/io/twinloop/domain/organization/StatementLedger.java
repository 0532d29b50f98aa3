package io.twinloop.domain.organization;

import java.util.Arrays;

/**
 * Remembers what an import has said already, in little memory: 16 bytes per statement and half of
 * the table empty.
 *
 * <p>An open-addressing table of 64-bit hashes. Among three million statements two keys share a
 * hash with a probability of about one in four million. Once it is full further statements count as
 * new.
 */
public final class StatementLedger {

  /** What was said before of the same thing. */
  public enum Before {
    NOTHING,
    THE_SAME,
    SOMETHING_ELSE
  }

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final int most;
  private long[] keys = new long[1 << 10];
  private long[] wordings = new long[1 << 10];
  private int size;

  /**
   * @param most so many statements are remembered
   */
  public StatementLedger(int most) {
    this.most = most;
  }

  /** Remembers a statement, where it is the first of its thing. */
  public Before say(ImportLine line) {
    long key = hash(line.key());
    long wording = hash(line.wording());
    int slot = slotOf(key);
    if (keys[slot] == key) {
      return wordings[slot] == wording ? Before.THE_SAME : Before.SOMETHING_ELSE;
    }
    if (size < most) {
      keys[slot] = key;
      wordings[slot] = wording;
      size++;
      growIfHalfFull();
    }
    return Before.NOTHING;
  }

  private int slotOf(long key) {
    int mask = keys.length - 1;
    int slot = (int) key & mask;
    while (keys[slot] != 0 && keys[slot] != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void growIfHalfFull() {
    if (size * 2 <= keys.length) {
      return;
    }
    long[] oldKeys = keys;
    long[] oldWordings = wordings;
    keys = new long[oldKeys.length * 2];
    wordings = Arrays.copyOf(keys, keys.length);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int slot = slotOf(oldKeys[i]);
        keys[slot] = oldKeys[i];
        wordings[slot] = oldWordings[i];
      }
    }
  }

  /**
   * FNV-1a over the characters, with the finish of SplitMix64; never 0, which marks a free slot.
   */
  private static long hash(String text) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * FNV_PRIME;
    }
    hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
    hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
    hash ^= hash >>> 31;
    return hash == 0 ? 1 : hash;
  }
}
