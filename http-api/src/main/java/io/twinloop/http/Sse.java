package io.twinloop.http;

import java.util.Optional;
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
 * Call#lastEventId}. The stream ends when the server stops.
 */
public final class Sse {

  private static final ByteString BEGINNING = ByteString.fromString("retry: 1000\n\n");
  private static final ByteString HEARTBEAT = ByteString.fromString(":\n\n");

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
        events
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
}
