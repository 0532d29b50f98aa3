package io.twinloop.domain.process;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * How long the cases of a process may take, and who answers for it.
 *
 * @param days of 24 hours; absent where nothing is agreed
 * @param ownerUnitId the unit that owns the process, where one does
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ServiceLevel(@Nullable Double days, @Nullable String ownerUnitId) {

  /** Nothing agreed. */
  public static final ServiceLevel NONE = new ServiceLevel(null, null);

  /** Whether so long a duration, in days of 24 hours, is a breach. */
  public boolean isBreachedBy(double actualDays) {
    return days != null && SlaBreach.is(actualDays, days);
  }
}
