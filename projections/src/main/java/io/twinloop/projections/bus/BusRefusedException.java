package io.twinloop.projections.bus;

/** The bus refuses this node, or the node refuses it; waiting would not help. */
public final class BusRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BusRefusedException(String sentence) {
    super(sentence);
  }

  private BusRefusedException(String sentence, Throwable cause) {
    super(sentence, cause);
  }

  /**
   * Certificates or logins that don't fit.
   *
   * @param settings path of those that decide it
   */
  static BusRefusedException noTrust(String bus, String address, Throwable cause, String settings) {
    return new BusRefusedException(
        "%s at %s and this node do not trust each other: %s. See %s."
            .formatted(bus, address, reasons(cause), settings),
        cause);
  }

  private static String reasons(Throwable cause) {
    StringBuilder reasons = new StringBuilder(String.valueOf(cause.getMessage()));
    for (Throwable deeper = cause.getCause(); deeper != null; deeper = deeper.getCause()) {
      if (deeper.getMessage() != null && reasons.indexOf(deeper.getMessage()) < 0) {
        reasons.append(": ").append(deeper.getMessage());
      }
    }
    return reasons.toString();
  }
}
