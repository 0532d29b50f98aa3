package io.twinloop.client.demo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Chance that comes from a seed alone: the same seed and purpose throw the same numbers on every
 * machine. Each purpose has dice of its own, so one more throw for one thing changes nothing else.
 */
final class Dice {

  private final Random random;

  private Dice(long seed) {
    random = new Random(seed);
  }

  static Dice of(long seed, String purpose) {
    return new Dice(mix(seed ^ hash(purpose)));
  }

  /** A whole number from {@code least} to {@code most}, both included. */
  int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  /** A number from {@code least} to {@code most}. */
  double between(double least, double most) {
    return least + random.nextDouble() * (most - least);
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  <T> T oneOf(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  <T> List<T> shuffled(List<T> choices) {
    List<T> order = new ArrayList<>(choices);
    for (int i = order.size() - 1; i > 0; i--) {
      T drawn = order.set(random.nextInt(i + 1), order.get(i));
      order.set(i, drawn);
    }
    return order;
  }

  /** A number from 0 (included) to 1 that belongs to this place of this series for ever. */
  static double at(long seed, String series, long place) {
    return (mix(seed ^ hash(series) ^ mix(place)) >>> 11) * 0x1.0p-53;
  }

  /** FNV-1a, 64 bits: String.hashCode is too short to keep purposes apart. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
    }
    return hash;
  }

  /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
  private static long mix(long value) {
    long mixed = value + 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
