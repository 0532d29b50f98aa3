package io.twinloop.http.door;

import java.time.Duration;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.AttributeKey;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * How long a caller waits for the answer to a request, from when all of the request has arrived;
 * every request has it as an attribute.
 */
public interface AnswerTime {

  AttributeKey<AnswerTime> ATTRIBUTE = AttributeKey.create("answer-time", AnswerTime.class);

  /** What the caller gets when the time is over; without it the connection just ends. */
  void whenOver(Supplier<HttpResponse> answer);

  /** Sets another time for this request; too late when the caller was told that it is over. */
  void set(Duration time);
}
