package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.http.TestServer.Reply;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages load only what the node serves, and put data into themselves as text. */
class PagesTest {

  private static final Pattern FILE = Pattern.compile("(?:src|rel=\"[a-z]+\" href)=\"([^\"]+)\"");

  private static TestServer server;

  @BeforeAll
  static void start() {
    server =
        TestServer.with(
                Stream.concat(
                        Pages.load().endpoints().stream(), SwaggerUi.load().endpoints().stream())
                    .toArray(Endpoint[]::new))
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/loops.html", "/loops.html?id=%3Cscript%3E"})
  void shouldServeAPageWhoseFilesAreAllHere(String path) {
    Reply page = server.get(path);

    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=UTF-8");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
        .contains("default-src 'none'", "script-src 'self'")
        .doesNotContain("unsafe", "http");
    assertThat(page.body()).doesNotContain("http:", "https:", "<script>", "style=", "onclick");
    assertThat(FILE.matcher(page.body()).results().map(MatchResult::toString)).isNotEmpty();
    FILE.matcher(page.body())
        .results()
        .map(result -> result.group(1))
        .forEach(file -> assertThat(server.get(file).statusCode()).as(file).isEqualTo(200));
  }

  @Test
  void shouldPointToWhatANodeOffers() {
    assertThat(server.get("/").body())
        .contains(
            "\"/docs\"",
            "\"/health/ready\"",
            "\"/api/v1/loops\"",
            "\"/metrics\"",
            "\"/loops.html\"");
  }

  @Test
  void shouldPutDataIntoThePageAsTextOnly() {
    String script = server.get("/pages/loops.js").body();

    assertThat(script)
        .contains("/api/v1/loops/", "sense", "decide", "act", "measure")
        .doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(");
  }
}
