package io.twinloop.domain.process;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened in a case.
 *
 * @param activity what was done, 1 to {@value #LONGEST_NAME} characters
 * @param at when, to the microsecond
 * @param resource who or what did it, where that is known
 * @param phase of the activity
 * @param end whether the case is over with it, unless something later is told of it
 * @param key tells it from the other events of its case, see {@link EventIdentity}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record CaseEvent(
    String activity, Instant at, @Nullable String resource, Phase phase, boolean end, long key) {

  /** The longest name of a case, an activity or a resource, in characters. */
  public static final int LONGEST_NAME = 200;

  /** By time; the order of events at the same instant is the one they were told in. */
  public static final Comparator<CaseEvent> IN_TIME = Comparator.comparing(CaseEvent::at);

  /** What an event says of its activity. */
  public enum Phase {
    /** It is done. The only one in logs that know no others. */
    COMPLETE,
    /** Somebody began with it. */
    START,
    /** It was planned, assigned, interrupted and the like. */
    OTHER
  }

  CaseEvent ending(boolean ends) {
    return new CaseEvent(activity, at, resource, phase, ends, key);
  }
}
