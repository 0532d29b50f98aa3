package io.twinloop.domain.process;

import io.twinloop.domain.process.CaseEvent.Phase;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An event as a log or a caller tells it.
 *
 * @param id the sender's own, the same whenever it tells the event again; absent where it has none
 * @param end whether the sender says that the case is over with it
 */
public record ToldEvent(
    String activity,
    Instant at,
    @Nullable String resource,
    Phase phase,
    boolean end,
    @Nullable String id) {}
