package io.twinloop.projections.bus;

/** The bus did not take what was sent. */
public final class BusUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean eventRefused;

  /** The bus is away; later it may take it. */
  public BusUnavailableException(String bus, String topic, Throwable cause) {
    this(bus, topic, cause, false);
  }

  /**
   * @param eventRefused whether this event is what it does not take, now or later
   */
  public BusUnavailableException(String bus, String topic, Throwable cause, boolean eventRefused) {
    super("%s does not answer for topic '%s': %s".formatted(bus, topic, cause.getMessage()), cause);
    this.eventRefused = eventRefused;
  }

  /** Whether it is the event's fault: others would be taken. */
  public boolean isEventRefused() {
    return eventRefused;
  }
}
