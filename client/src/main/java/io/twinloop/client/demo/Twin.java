package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.client.AccessToken;
import io.twinloop.client.Connections;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A running Twinloop, as its HTTP contract shows it; whoever asks waits for the answer. */
final class Twin {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** For uploads, which are answered at their end. */
  private static final Duration LONG_PATIENCE = Duration.ofMinutes(5);

  private final URI base;
  private final AccessToken token;
  private final HttpClient http =
      Connections.builder().connectTimeout(Duration.ofSeconds(5)).build();

  Twin(URI base) {
    this.base = base;
    this.token = AccessToken.ofEnvironment();
  }

  /** It understood and said no; the sentence is its own. */
  static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    RefusedException(String request, int status, String sentence) {
      super("%s was answered with %d: %s".formatted(request, status, sentence));
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  /** It is there, but asks to come back later. */
  static final class AwayException extends RuntimeException {
    private static final long serialVersionUID = 1;

    AwayException(String request, int status) {
      super("%s was answered with %d, come back later".formatted(request, status));
    }
  }

  URI base() {
    return base;
  }

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  JsonNode get(String path) {
    return send("GET", path, BodyPublishers.noBody(), "", "");
  }

  /** Empty where there is no such thing, or not yet. */
  Optional<JsonNode> find(String path) {
    try {
      return Optional.of(get(path));
    } catch (RefusedException e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The items of all pages of a list. */
  List<JsonNode> all(String path) {
    List<JsonNode> items = new ArrayList<>();
    String from = path + (path.contains("?") ? "&" : "?") + "limit=1000";
    String page = from;
    while (!page.isEmpty()) {
      JsonNode body = get(page);
      body.get("items").forEach(items::add);
      JsonNode cursor = body.path("nextCursor");
      page = cursor.isTextual() ? from + "&cursor=" + encode(cursor.asText()) : "";
    }
    return items;
  }

  JsonNode put(String path, ObjectNode body) {
    return send("PUT", path, json(body), "application/json", "");
  }

  JsonNode patch(String path, ObjectNode body) {
    return send("PATCH", path, json(body), "application/merge-patch+json", "");
  }

  JsonNode post(String path, ObjectNode body) {
    return postAs("", path, body);
  }

  /**
   * @param actor who does it; empty for nobody in particular
   */
  JsonNode postAs(String actor, String path, ObjectNode body) {
    return send("POST", path, json(body), "application/json", actor);
  }

  /** Sends lines as they come, in flat memory. */
  JsonNode upload(String path, String contentType, Stream<String> lines) {
    Iterable<byte[]> chunks = () -> chunks(lines.iterator());
    return send("POST", path, BodyPublishers.ofByteArrays(chunks), contentType, "", LONG_PATIENCE);
  }

  /** Joins lines into chunks of about 64 KiB. */
  private static Iterator<byte[]> chunks(Iterator<String> lines) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return lines.hasNext();
      }

      @Override
      public byte[] next() {
        StringBuilder chunk = new StringBuilder();
        while (lines.hasNext() && chunk.length() < 64 * 1024) {
          chunk.append(lines.next()).append('\n');
        }
        return chunk.toString().getBytes(StandardCharsets.UTF_8);
      }
    };
  }

  private static BodyPublisher json(ObjectNode body) {
    return BodyPublishers.ofString(body.toString());
  }

  private JsonNode send(
      String method, String path, BodyPublisher body, String contentType, String actor) {
    return send(method, path, body, contentType, actor, PATIENCE);
  }

  private JsonNode send(
      String method,
      String path,
      BodyPublisher body,
      String contentType,
      String actor,
      Duration patience) {
    HttpRequest.Builder request =
        token.on(HttpRequest.newBuilder(base.resolve(path))).timeout(patience).method(method, body);
    if (!contentType.isEmpty()) {
      request.header("Content-Type", contentType);
    }
    if (!actor.isEmpty()) {
      request.header("Twinloop-Actor", actor);
    }
    try {
      HttpResponse<byte[]> answer = http.send(request.build(), BodyHandlers.ofByteArray());
      if (answer.statusCode() == 429 || answer.statusCode() == 503) {
        throw new AwayException(method + " " + path, answer.statusCode());
      }
      JsonNode content = answer.body().length == 0 ? object() : JSON.readTree(answer.body());
      if (answer.statusCode() / 100 != 2) {
        throw new RefusedException(
            method + " " + path,
            answer.statusCode(),
            content.path("detail").asText("no reason given"));
      }
      return content;
    } catch (IOException e) {
      throw new UncheckedIOException("No answer to %s %s".formatted(method, path), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for an answer", e);
    }
  }

  /**
   * Follows the stream of events until it ends, or nobody answers.
   *
   * @param lastEventId the place to go on behind; empty for what comes from now on
   * @return the lines of the stream; closing it ends it
   */
  Stream<String> stream(String lastEventId) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        token
            .on(HttpRequest.newBuilder(base.resolve("/api/v1/events/stream")))
            .header("Accept", "text/event-stream");
    if (!lastEventId.isEmpty()) {
      request.header("Last-Event-ID", lastEventId);
    }
    HttpResponse<Stream<String>> answer = http.send(request.build(), BodyHandlers.ofLines());
    if (answer.statusCode() != 200) {
      throw new IOException("The stream of events was answered with " + answer.statusCode());
    }
    return answer.body();
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
