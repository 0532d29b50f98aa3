package io.twinloop.domain.outbound;

import java.util.Locale;

/** The ways a message can take; which transport serves a channel is a matter of configuration. */
public enum Channel {
  LOG,
  WEBHOOK,
  EMAIL,
  SLACK;

  /** The name in definitions, in the API and in the database: lower case. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
