package io.twinloop.entities;

import org.jspecify.annotations.Nullable;

/**
 * Why something happens: the loop it belongs to, what came directly before, and who acted.
 *
 * @param correlationId of the loop; absent where each consequence begins a loop of its own
 * @param causationId the event or request directly before
 * @param actor the user, domain or service that acts
 */
public record Cause(@Nullable String correlationId, String causationId, String actor) {

  /** Who acts where nobody said who. */
  public static final String UNNAMED = "local";

  /** Whether it is known who acts. */
  public boolean hasNamedActor() {
    return !actor.equals(UNNAMED);
  }

  /** The loop this belongs to, or the one that begins with {@code own}. */
  public String correlationIdOr(String own) {
    return correlationId == null ? own : correlationId;
  }
}
