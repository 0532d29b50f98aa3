package io.twinloop.multijvm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The cluster as one of its nodes sees it.
 *
 * @param up addresses of members that are up
 * @param others how many members are in any other state
 * @param unreachable how many it can't reach
 * @param oldest address of the oldest, which runs what runs once; empty where none is known
 */
public record Members(Set<String> up, int others, int unreachable, String oldest) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(PATIENCE).version(HttpClient.Version.HTTP_1_1).build();

  public Members {
    up = Set.copyOf(up);
  }

  /** Asks the management port of a node; empty when it doesn't answer. */
  public static Optional<Members> seenAt(int managementPort) {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + managementPort + "/cluster/members"))
            .timeout(PATIENCE)
            .build();
    try {
      HttpResponse<byte[]> response = HTTP.send(request, HttpResponse.BodyHandlers.ofByteArray());
      return response.statusCode() == 200
          ? Optional.of(read(JSON.readTree(response.body())))
          : Optional.empty();
    } catch (IOException nobodyAnswers) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while asking for members", e);
    }
  }

  private static Members read(JsonNode json) {
    Set<String> up = new HashSet<>();
    int others = 0;
    for (JsonNode member : json.path("members")) {
      if (member.path("status").asText().equals("Up")) {
        up.add(member.path("node").asText());
      } else {
        others++;
      }
    }
    return new Members(up, others, json.path("unreachable").size(), json.path("oldest").asText(""));
  }

  /** Whether all of so many nodes are members, and reach each other. */
  public boolean isWhole(int nodes) {
    return up.size() == nodes && others == 0 && unreachable == 0;
  }
}
