package io.twinloop.domain.process;

/**
 * A place where cases wait: between one activity and the next.
 *
 * @param cases that waited there at least once
 * @param medianWaitHours half of the waits are as long or shorter
 * @param p95WaitHours 95 of 100 waits are as long or shorter
 * @param totalWaitHours all waits together
 * @param share of the whole process's waiting time, 0 to 1
 * @param kind what the waits look like
 * @param evidence the figures that speak for it, in a sentence
 */
public record Bottleneck(
    String from,
    String to,
    long cases,
    double medianWaitHours,
    double p95WaitHours,
    double totalWaitHours,
    double share,
    Kind kind,
    String evidence) {

  /** What the waits between two activities look like. */
  public enum Kind {
    /** All waits are of one length: a timer or a date, and nobody who could be faster. */
    FIXED_DELAY("fixed-delay"),
    /** Somebody else goes on with the case. */
    HAND_OVER("hand-over"),
    /** The same one goes on with it, and works on other cases before that. */
    CONTENTION("resource-contention"),
    /** Cases wait, and the log does not say for whom. */
    QUEUE("queue");

    private final String wireName;

    Kind(String wireName) {
      this.wireName = wireName;
    }

    /** As it stands in answers and events. */
    public String wireName() {
      return wireName;
    }
  }
}
