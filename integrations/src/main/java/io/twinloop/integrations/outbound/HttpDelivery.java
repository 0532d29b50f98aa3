package io.twinloop.integrations.outbound;

import io.twinloop.domain.outbound.OutboundHttp.Answer;
import io.twinloop.domain.outbound.OutboundHttp.NoAnswer;
import io.twinloop.domain.outbound.OutboundHttp.Received;
import io.twinloop.integrations.http.RetryAfter;
import java.time.Clock;
import java.util.Set;

/** What an answer over HTTP says about a message. The address is not repeated: it may be secret. */
final class HttpDelivery {

  /** Refusals that say "not now" rather than "not so". */
  private static final Set<Integer> COME_AGAIN = Set.of(408, 425, 429);

  private HttpDelivery() {}

  static Delivery of(Answer answer, Clock clock) {
    if (answer instanceof NoAnswer none) {
      String sentence = none.reason().title() + ": " + none.sentence() + ".";
      String general = none.reason().title() + ".";
      return none.reason().isPassing()
          ? new Delivery.Missed(sentence, general, none.notBefore())
          : new Delivery.Refused(sentence, general);
    }
    Received received = (Received) answer;
    int status = received.status();
    if (status >= 200 && status < 300) {
      return new Delivery.Delivered();
    }
    String sentence = "The other side answered with status " + status + ".";
    return status < 500 && !COME_AGAIN.contains(status)
        ? new Delivery.Refused(sentence)
        : new Delivery.Missed(
            sentence, RetryAfter.of(received.headers(), clock.instant()).orElse(null));
  }
}
