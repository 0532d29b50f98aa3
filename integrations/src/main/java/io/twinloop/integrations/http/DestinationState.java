package io.twinloop.integrations.http;

/**
 * How a destination does.
 *
 * @param name scheme, host and port
 * @param failures among its last calls
 */
public record DestinationState(String name, Circuit circuit, long failures) {

  /** Whether it is called. */
  public enum Circuit {
    /** It is. */
    CLOSED,
    /** It is left alone. */
    OPEN,
    /** The next call tries it. */
    HALF_OPEN
  }
}
