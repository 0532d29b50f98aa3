package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Integration events as they become durable, read by a thread of its own. When the stream breaks it
 * goes on behind the last event seen, so that none is missed.
 */
final class EventStream {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PAUSE_MS = 1000;

  private final Twin twin;
  private final LinkedBlockingQueue<JsonNode> arrived = new LinkedBlockingQueue<>();
  private String place = "";

  EventStream(Twin twin) {
    this.twin = twin;
  }

  void start() {
    Thread reader = new Thread(this::follow, "demo-events");
    reader.setDaemon(true);
    reader.start();
  }

  /** What has come since the last call; waits at most so long for the first. */
  List<JsonNode> news(long waitMs) throws InterruptedException {
    List<JsonNode> news = new ArrayList<>();
    JsonNode first = arrived.poll(waitMs, TimeUnit.MILLISECONDS);
    if (first != null) {
      news.add(first);
      arrived.drainTo(news);
    }
    return news;
  }

  private void follow() {
    try {
      while (true) {
        try (Stream<String> lines = twin.stream(place)) {
          lines.forEach(this::take);
        } catch (IOException | java.io.UncheckedIOException e) {
          // The node is away for a moment or for good; whoever tells the story sees that himself.
          TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The id comes before the data, as the product sends it. */
  private void take(String line) {
    if (line.startsWith("id:")) {
      place = line.substring(3).strip();
    } else if (line.startsWith("data:")) {
      try {
        arrived.add(JSON.readTree(line.substring(5)));
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
