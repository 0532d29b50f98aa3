package io.twinloop.http;

import io.twinloop.domain.identity.AccessRule;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * The readable form of the OpenAPI document at {@code /docs}: Swagger UI from its webjar.
 *
 * <p>Only the files named here are served, from memory; the page loads nothing from elsewhere, and
 * its content security policy wouldn't let it.
 */
public final class SwaggerUi {

  private static final AccessRule OPEN =
      AccessRule.open("it shows the public description of the API");

  private static final String WEBJAR = "/META-INF/maven/org.webjars/swagger-ui/pom.properties";
  private static final String FILES = "/META-INF/resources/webjars/swagger-ui/%s/%s";

  // Swagger UI sets styles on elements and shows icons from data addresses.
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
          + " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none';"
          + " form-action 'none'; frame-ancestors 'none'";

  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8">
          <title>Twinloop API</title>
          <link rel="stylesheet" href="/docs/swagger-ui.css">
          <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
        </head>
        <body>
          <div id="document"></div>
          <script src="/docs/swagger-ui-bundle.js"></script>
          <script src="/docs/start.js"></script>
        </body>
      </html>
      """;

  private static final String START =
      """
      SwaggerUIBundle({
        url: "/openapi.json",
        dom_id: "#document",
        deepLinking: true,
        validatorUrl: null
      });
      """;

  private final Map<String, HttpResponse> files;

  private SwaggerUi(Map<String, HttpResponse> files) {
    this.files = files;
  }

  /** Reads the files from the webjar on the class path. */
  public static SwaggerUi load() {
    String version = version();
    return new SwaggerUi(
        Map.of(
            "", answer(StaticFiles.HTML, PAGE.getBytes(StandardCharsets.UTF_8)),
            "start.js", answer(StaticFiles.SCRIPT, START.getBytes(StandardCharsets.UTF_8)),
            "swagger-ui-bundle.js",
                answer(StaticFiles.SCRIPT, file(version, "swagger-ui-bundle.js")),
            "swagger-ui.css", answer(StaticFiles.STYLE, file(version, "swagger-ui.css")),
            "favicon-32x32.png", answer(StaticFiles.PNG, file(version, "favicon-32x32.png"))));
  }

  /** {@code GET /docs} and the files of its page. */
  public List<Endpoint> endpoints() {
    return List.of(Endpoint.get("/docs/{file*}", OPEN, this::answer).undocumented());
  }

  private CompletionStage<HttpResponse> answer(Call call) {
    HttpResponse file = files.get(call.path("file"));
    if (file == null) {
      throw Problems.of(
              "no-such-path",
              "The documentation has no file " + Inputs.quoted(call.path("file")) + ".")
          .refuse();
    }
    return CompletableFuture.completedStage(file);
  }

  private static HttpResponse answer(ContentType type, byte[] bytes) {
    return StaticFiles.answer(type, bytes, POLICY);
  }

  private static String version() {
    Properties properties = new Properties();
    try {
      properties.load(new ByteArrayInputStream(StaticFiles.read(WEBJAR)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }

  private static byte[] file(String version, String name) {
    return StaticFiles.read(FILES.formatted(version, name));
  }
}
