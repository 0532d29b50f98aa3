package io.twinloop.domain.workflow;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * One visit of one task by one instance.
 *
 * @param position JSON pointer of the task in the definition, e.g. {@code /do/0/getPet}
 * @param id the position with the count of every repeated visit on the way, e.g. {@code
 *     /do/1/poll#3/do/0/getPet}; distinct for every visit, the same for every attempt of it
 * @param attempt 1 for the first try of this visit, higher each time a retry comes by again
 */
public record TaskRef(String position, String id, int attempt) {

  /**
   * The name that stands for this visit towards the outside, whatever the attempt. Printable ASCII,
   * as it travels in headers; anything else in a task's name is percent-encoded.
   */
  public String idempotencyKey(String workflowId) {
    StringBuilder key = new StringBuilder();
    for (byte octet : (workflowId + id).getBytes(StandardCharsets.UTF_8)) {
      if (octet > ' ' && octet <= '~' && octet != '%') {
        key.append((char) octet);
      } else {
        key.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
      }
    }
    return key.toString();
  }

  TaskRef again(int nextAttempt) {
    return new TaskRef(position, id, nextAttempt);
  }
}
