package io.twinloop.domain.workflow;

/** One line of an instance's list of steps: this task did that. */
public record HistoryEntry(String name, Event event) {

  /** What can happen to a task. */
  public enum Event {
    STARTED,
    COMPLETED,
    FAULTED
  }
}
