package io.twinloop.cluster;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Whether those who confirmed are the part of a cluster that goes on when it falls apart: more than
 * half of the members, or half of them with the lowest address among them. It is the rule of the
 * split-brain resolver's keep-majority, looked at from inside.
 */
final class Majority {

  private Majority() {}

  /**
   * Since when a majority has confirmed.
   *
   * @param members the lowest address first
   * @param confirmed when each was last known to confirm; absent who never did
   * @return the latest time at or after which enough of them confirmed; empty while too few did
   */
  static <M> OptionalLong since(List<M> members, Map<M, Long> confirmed) {
    List<Long> newestFirst =
        members.stream()
            .filter(confirmed::containsKey)
            .map(confirmed::get)
            .sorted((one, other) -> Long.compare(other, one))
            .toList();
    int half = members.size() / 2;
    OptionalLong byMoreThanHalf =
        newestFirst.size() > half ? OptionalLong.of(newestFirst.get(half)) : OptionalLong.empty();
    boolean evenWithLowest =
        !members.isEmpty() && members.size() % 2 == 0 && confirmed.containsKey(members.get(0));
    if (!evenWithLowest || newestFirst.size() < half) {
      return byMoreThanHalf;
    }
    long byHalf = Math.min(confirmed.get(members.get(0)), newestFirst.get(half - 1));
    return OptionalLong.of(Math.max(byHalf, byMoreThanHalf.orElse(byHalf)));
  }
}
