package io.twinloop.integrations.outbound;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What came of handing a message over once.
 *
 * <p>A sentence may hold words of the message (a recipient) or of the other side, which likes to
 * repeat whom it refuses. The general one holds neither: it is what may be kept of a message of
 * which something was sealed.
 */
public sealed interface Delivery {

  /** The same with the general sentence only. */
  Delivery discreet();

  /** The other side has it. */
  record Delivered() implements Delivery {
    @Override
    public Delivery discreet() {
      return this;
    }
  }

  /** Nothing is configured that could hand it over; the sentence says what is missing. */
  record NotConfigured(String sentence, String general) implements Delivery {
    /** Where the sentence is general. */
    NotConfigured(String general) {
      this(general, general);
    }

    @Override
    public Delivery discreet() {
      return new NotConfigured(general);
    }
  }

  /** It can't be handed over, however often it is tried. */
  record Refused(String sentence, String general) implements Delivery {
    /** Where the sentence is general. */
    Refused(String general) {
      this(general, general);
    }

    @Override
    public Delivery discreet() {
      return new Refused(general);
    }
  }

  /**
   * It may succeed another time.
   *
   * @param notBefore how long the other side wants to be left alone, null when it didn't say
   */
  record Missed(String sentence, String general, @Nullable Duration notBefore) implements Delivery {
    /** Where the sentence is general. */
    Missed(String general, @Nullable Duration notBefore) {
      this(general, general, notBefore);
    }

    @Override
    public Delivery discreet() {
      return new Missed(general, notBefore);
    }
  }
}
