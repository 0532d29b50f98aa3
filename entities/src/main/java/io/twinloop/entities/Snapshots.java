package io.twinloop.entities;

/**
 * When an entity that gets many events saves its state.
 *
 * <p>The store keeps one snapshot of each entity, so nothing is deleted when the next is there, and
 * entities that get their events in turns don't all save in the same moment.
 */
public final class Snapshots {

  /** From one snapshot to the next; as many events at most are read beside it. */
  public static final int DISTANCE = 200;

  private Snapshots() {}

  /**
   * Whether the state is to be saved with this event.
   *
   * @param entityId decides at which of {@value #DISTANCE} numbers
   * @param sequenceNr of the event
   */
  public static boolean isDue(String entityId, long sequenceNr) {
    return Math.floorMod(sequenceNr + entityId.hashCode(), DISTANCE) == 0;
  }
}
