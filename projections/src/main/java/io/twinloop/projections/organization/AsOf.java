package io.twinloop.projections.organization;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The time for which a question about the organisation is asked.
 *
 * @param at absent for the present: all that has not ended, also what is agreed to begin later
 */
public record AsOf(@Nullable Instant at) {

  public static final AsOf NOW = new AsOf(null);

  /** The SQL condition that a version held then. */
  String holds(String table) {
    // An instant's text holds nothing but digits and -:.TZ, and few questions ask for the past.
    return at == null
        ? table + ".valid_until IS NULL"
        : "(%1$s.valid_from <= '%2$s' AND (%1$s.valid_until IS NULL OR %1$s.valid_until > '%2$s'))"
            .formatted(table, at);
  }
}
