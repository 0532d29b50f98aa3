package io.twinloop.domain.workflow;

/**
 * One visit of one task by one instance.
 *
 * @param position JSON pointer of the task in the definition, e.g. {@code /do/0/getPet}
 * @param id the position with the count of every repeated visit on the way, e.g. {@code
 *     /do/1/poll#3/do/0/getPet}; distinct for every visit, the same for every attempt of it
 * @param attempt 1 for the first try of this visit, higher each time a retry comes by again
 */
public record TaskRef(String position, String id, int attempt) {

  /** The name that stands for this visit towards the outside, whatever the attempt. */
  public String idempotencyKey(String workflowId) {
    return workflowId + id;
  }

  TaskRef again(int nextAttempt) {
    return new TaskRef(position, id, nextAttempt);
  }
}
