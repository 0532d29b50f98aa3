package io.twinloop.http;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.TestServer.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The document is put together from its parts, served, shown, and agrees with the table. */
class OpenApiTest {

  private static final List<Endpoint> SAMPLE =
      List.of(
          endpoint("GET", "/things"), endpoint("POST", "/things"), endpoint("GET", "/things/{id}"));

  @Test
  void shouldMergeThePartsIntoOneDocument() {
    JsonNode document = OpenApiDocument.load("sample.yaml").json();

    assertThat(document.at("/paths/~1things").size()).isEqualTo(2);
    assertThat(document.path("tags").size()).isEqualTo(2);
    assertThat(document.has("x-parts")).isFalse();
    assertThat(OpenApiAgreement.disagreements(SAMPLE, document)).isEmpty();
  }

  @Test
  void shouldRefuseAnOperationDefinedTwice() {
    assertThatThrownBy(() -> OpenApiDocument.load("sample-twice.yaml"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("sample-part.yaml defines post again");
  }

  @Test
  void shouldRefuseAReferenceToNothing() {
    assertThatThrownBy(() -> OpenApiDocument.load("sample-dangling.yaml"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("#/components/responses/Nothing");
  }

  @Test
  void shouldTellWhatIsServedButNotDocumentedAndTheOtherWayRound() {
    JsonNode document = OpenApiDocument.load("sample.yaml").json();
    List<Endpoint> other = new ArrayList<>(SAMPLE.subList(0, 2));
    other.add(endpoint("DELETE", "/things/{id}"));
    other.add(endpoint("GET", "/console").undocumented());

    assertThat(OpenApiAgreement.disagreements(other, document))
        .containsExactlyInAnyOrder(
            "DELETE /things/{id} is served but not documented",
            "GET /things/{id} is documented but not served");
  }

  @Test
  void shouldTellWhenPathParametersAreNotDescribed() {
    JsonNode document = OpenApiDocument.load("sample.yaml").json();
    ((ObjectNode) document.at("/paths/~1things~1{id}")).remove("parameters");

    assertThat(OpenApiAgreement.disagreements(SAMPLE, document))
        .containsExactly("GET /things/{id} has the path parameters [id] but describes []");
  }

  @Test
  void shouldServeTheDocumentAndKnowItAgain() {
    OpenApiDocument document = OpenApiDocument.load();
    try (TestServer server = TestServer.with(document.endpoint()).start()) {
      Reply first = server.get("/openapi.json");
      String etag = first.headers().firstValue("ETag").orElseThrow();
      Reply second = server.get("/openapi.json", "If-None-Match", etag);

      assertThat(json(first)).isEqualTo(document.json());
      assertThat(json(first).path("openapi").textValue()).startsWith("3.1");
      assertThat(second.statusCode()).isEqualTo(304);
      assertThat(second.body()).isEmpty();
    }
  }

  @Test
  void shouldShowTheDocumentWithoutAnythingFromElsewhere() {
    try (TestServer server = TestServer.with(SwaggerUi.load().endpoints().get(0)).start()) {
      Reply page = server.get("/docs");

      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/html");
      assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'")
          .doesNotContain("http");
      assertThat(page.body()).doesNotContain("http:", "https:");
      List<String> files = references(page.body());
      assertThat(files).hasSize(4);
      for (String file : files) {
        assertThat(server.get(file).statusCode()).as(file).isEqualTo(200);
      }
      assertThat(server.get("/docs/").body()).isEqualTo(page.body());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/docs/nothing.js",
        "/docs/index.html",
        "/docs/../META-INF/MANIFEST.MF",
        "/docs/%2e%2e/META-INF/MANIFEST.MF",
        "/docs/..%2f..%2fpom.properties",
      })
  void shouldServeNoOtherFile(String path) {
    try (TestServer server = TestServer.with(SwaggerUi.load().endpoints().get(0)).start()) {
      String answer =
          server.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

      assertThat(answer).startsWith("HTTP/1.1 404 ").contains("no-such-path");
    }
  }

  @Test
  void shouldAnswerAProblemForAMissingFile() {
    try (TestServer server = TestServer.with(SwaggerUi.load().endpoints().get(0)).start()) {
      problem(server.get("/docs/nothing.js"));
    }
  }

  private static List<String> references(String html) {
    List<String> references = new ArrayList<>();
    Matcher matcher = Pattern.compile("(?:src|href)=\"([^\"]+)\"").matcher(html);
    while (matcher.find()) {
      references.add(matcher.group(1));
    }
    return references;
  }

  private static Endpoint endpoint(String method, String path) {
    Handler handler = call -> CompletableFuture.completedStage(Answers.noContent());
    return switch (method) {
      case "GET" -> Endpoint.get(path, Permission.TWIN_READ, handler);
      case "POST" -> Endpoint.post(path, Permission.TWIN_READ, handler);
      default -> Endpoint.delete(path, Permission.TWIN_READ, handler);
    };
  }
}
