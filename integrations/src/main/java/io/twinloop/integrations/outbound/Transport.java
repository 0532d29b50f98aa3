package io.twinloop.integrations.outbound;

import io.twinloop.domain.outbound.OutboundMessage;
import java.util.concurrent.CompletionStage;

/** A way out for messages. */
public interface Transport {

  /**
   * Hands a message to the other side, once. The stage never holds a secret in what it fails with
   * or says: that is kept and shown. Who completes the stage gives the message up: what did not
   * begin by then never does.
   */
  CompletionStage<Delivery> deliver(OutboundMessage message);

  /**
   * Whether sealed parts of a message are to be readable for this one: true where the message goes
   * to its recipient, false where it stays in the house.
   */
  default boolean leavesTheHouse() {
    return true;
  }
}
