package io.twinloop.integrations.outbound;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What came of handing a message over once. */
public sealed interface Delivery {

  /** The other side has it. */
  record Delivered() implements Delivery {}

  /** Nothing is configured that could hand it over; the sentence says what is missing. */
  record NotConfigured(String sentence) implements Delivery {}

  /** It can't be handed over, however often it is tried. */
  record Refused(String sentence) implements Delivery {}

  /**
   * It may succeed another time.
   *
   * @param notBefore how long the other side wants to be left alone, null when it didn't say
   */
  record Missed(String sentence, @Nullable Duration notBefore) implements Delivery {}
}
