package io.twinloop.entities;

import java.util.Set;

/**
 * The codes with which entities refuse a command; the HTTP status of each is chosen in the HTTP
 * module's table.
 */
public final class Refusals {
  /** There is no such entity. */
  public static final String NOT_FOUND = "not-found";

  /** The caller's expected revision is not the current one. */
  public static final String REVISION_MISMATCH = "revision-mismatch";

  /** The entity's state does not allow the command. */
  public static final String WRONG_STATE = "wrong-state";

  /** An id or name is taken by something else. */
  public static final String ALREADY_EXISTS = "already-exists";

  /** The command is well formed but its content is refused. */
  public static final String REFUSED = "refused";

  /** Another person holds it. */
  public static final String NOT_YOURS = "not-yours";

  private Refusals() {}

  /** Every code, so that tables can be checked for completeness. */
  public static Set<String> all() {
    return Set.of(NOT_FOUND, REVISION_MISMATCH, WRONG_STATE, ALREADY_EXISTS, REFUSED, NOT_YOURS);
  }
}
