package io.twinloop.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;

/** Speaks to one node over HTTP. */
public final class TwinloopClient {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration STATUS = Duration.ofSeconds(5);

  private final HttpClient http = Connections.builder().connectTimeout(CONNECT).build();
  private final URI base;
  private final AccessToken token;

  /**
   * @param base scheme, host and port, such as {@code http://127.0.0.1:8080}
   */
  public TwinloopClient(URI base) {
    this(base, AccessToken.ofEnvironment());
  }

  TwinloopClient(URI base, AccessToken token) {
    this.base = base;
    this.token = token;
  }

  /** The node that {@code --url} or {@code --port} names, else the one on port 8080 here. */
  static URI address(Arguments arguments) {
    String url =
        arguments
            .option("--url")
            .orElseGet(() -> "http://127.0.0.1:" + arguments.option("--port").orElse("8080"));
    try {
      URI address = URI.create(url);
      if (address.getHost() != null) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      throw new MisuseException("'" + url + "' is no address: " + e.getMessage() + ".");
    }
    throw new MisuseException("'" + url + "' is no address such as http://127.0.0.1:8080.");
  }

  /**
   * The answer to a GET.
   *
   * @param path with query, from {@code /}
   * @throws IOException with what the node said, where it refuses, or when it does not answer
   */
  public JsonNode get(String path) throws IOException, InterruptedException {
    return send(token.on(HttpRequest.newBuilder(base.resolve(path))).GET().build());
  }

  /**
   * The status of the answer to a GET, whatever it is.
   *
   * @throws IOException when nobody answers within five seconds
   */
  int status(String path) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(base.resolve(path)).timeout(STATUS).GET().build();
    return http.send(request, BodyHandlers.discarding()).statusCode();
  }

  /**
   * Posts a file as it is.
   *
   * @param gzip whether it is compressed
   * @throws IOException with what the node said, where it refuses, or when it does not answer
   */
  public JsonNode upload(String path, String contentType, Path file, boolean gzip)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        token
            .on(HttpRequest.newBuilder(base.resolve(path)))
            .header("Content-Type", contentType)
            .POST(BodyPublishers.ofFile(file));
    if (gzip) {
      request.header("Content-Encoding", "gzip");
    }
    return send(request.build());
  }

  private JsonNode send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<byte[]> answer;
    try {
      answer = http.send(request, BodyHandlers.ofByteArray());
    } catch (ConnectException e) {
      throw new IOException(
          "Nobody answers at " + base + "; start a node with './twinloop up'.", e);
    }
    JsonNode json = json(answer);
    if (answer.statusCode() >= 300) {
      throw new IOException(
          "%s answers %d %s: %s"
              .formatted(
                  request.uri(),
                  answer.statusCode(),
                  json.path("code").asText(),
                  json.path("detail").asText()));
    }
    return json;
  }

  private static JsonNode json(HttpResponse<byte[]> answer) throws IOException {
    try {
      return JSON.readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw new IOException(
          "%s answers %d without JSON.".formatted(answer.uri(), answer.statusCode()), e);
    }
  }
}
