package io.twinloop.http;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * Answers with a stream of server-sent events (WHATWG HTML, 9.2).
 *
 * <p>A reader that lost its connection comes back with the id of the last event it saw, see {@link
 * Call#lastEventId}. The stream ends when the server stops, and when its caller isn't let in any
 * more: they are asked for their token or key again every few seconds.
 */
public final class Sse {

  private static final ByteString BEGINNING = ByteString.fromString("retry: 1000\n\n");
  private static final ByteString HEARTBEAT = ByteString.fromString(":\n\n");
  private static final Duration LONGEST_UNASKED = Duration.ofSeconds(5);
  private static final Set<Integer> REFUSED_FOR_THE_CALLER = Set.of(401, 403);

  private Sse() {}

  /**
   * One event.
   *
   * @param id where a reader goes on, one line; empty when it can't
   * @param type the name listeners register for, one line
   * @param data any text
   */
  public record Event(Optional<String> id, String type, String data) {

    public Event {
      if (hasLineEnd(type) || id.filter(Event::hasLineEnd).isPresent()) {
        throw new IllegalArgumentException(
            "An event's id and type are one line each, not " + id + " and " + type);
      }
    }

    private static boolean hasLineEnd(String text) {
      return text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0 || text.indexOf('\0') >= 0;
    }

    ByteString toBytes() {
      StringBuilder text = new StringBuilder(data.length() + 64);
      id.ifPresent(value -> text.append("id: ").append(value).append('\n'));
      text.append("event: ").append(type).append('\n');
      data.lines().forEach(line -> text.append("data: ").append(line).append('\n'));
      if (data.isEmpty()) {
        text.append("data:\n");
      }
      return ByteString.fromString(text.append('\n').toString());
    }
  }

  /** 200 with the events as they come, and a heartbeat when none do. */
  public static HttpResponse response(Call call, Source<Event, ?> events) {
    Source<ByteString, ?> bytes =
        whileLetIn(call, events)
            .via(call.stopping().flow())
            .map(Event::toBytes)
            .prepend(Source.single(BEGINNING))
            .keepAlive(call.settings().streamHeartbeat(), () -> HEARTBEAT);
    return HttpResponse.create()
        .withEntity(
            HttpEntities.createChunked(ContentTypes.create(MediaTypes.TEXT_EVENT_STREAM), bytes))
        .addHeader(RawHeader.create("Cache-Control", "no-store"))
        .addHeader(RawHeader.create("X-Accel-Buffering", "no"));
  }

  /**
   * Ends as soon as the caller isn't let in any more. That it can't be told right now, because what
   * knows is away, ends nothing.
   */
  private static Source<Event, ?> whileLetIn(Call call, Source<Event, ?> events) {
    Duration heartbeat = call.settings().streamHeartbeat();
    Duration pause = heartbeat.compareTo(LONGEST_UNASKED) < 0 ? heartbeat : LONGEST_UNASKED;
    Source<Optional<Event>, ?> goodbye =
        Source.tick(pause, pause, "Are you still let in?")
            .mapAsync(
                1,
                question ->
                    Stages.handle(
                        call.scopeNow(),
                        (scope, failure) -> !isRefusal(Optional.ofNullable(failure))))
            .takeWhile(letIn -> letIn)
            .filter(letIn -> !letIn)
            .map(never -> Optional.empty());
    return events
        .onErrorComplete(failure -> isRefusal(Optional.of(failure)))
        .map(Optional::of)
        .merge(goodbye, true)
        .mapConcat(event -> event.stream().toList());
  }

  private static boolean isRefusal(Optional<Throwable> failure) {
    return failure
        .map(Stages::cause)
        .filter(ProblemException.class::isInstance)
        .map(cause -> ((ProblemException) cause).problem().status())
        .filter(REFUSED_FOR_THE_CALLER::contains)
        .isPresent();
  }
}
