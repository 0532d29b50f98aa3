package io.twinloop.entities;

/**
 * A command that may reach its entity twice and has the effect of once: it only asks, or the entity
 * knows it again. It is sent again while no answer comes, since the node of its entity may be gone.
 */
public interface Repeatable {

  /** Whether that holds for this one. */
  default boolean mayRepeat() {
    return true;
  }
}
