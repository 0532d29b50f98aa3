package io.twinloop.domain.organization;

import java.time.Instant;

/**
 * A concern from when it is raised until it is settled.
 *
 * @param id unique over all nodes
 * @param correlationId of the loop it opened, or belongs to
 * @param concern with the values that raised it last
 * @param since when it was first raised
 * @param told whether it goes to the outside; false where another node's concern says the same
 */
public record OpenConcern(
    String id, String correlationId, Concern concern, Instant since, boolean told) {

  /** The same one, raised again with other values. */
  public OpenConcern renewed(Concern next) {
    return new OpenConcern(id, correlationId, next, since, told);
  }
}
