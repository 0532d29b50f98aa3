package io.twinloop.http;

import io.twinloop.domain.identity.AccessRule;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** The pages of a node for people: where to go from here, and a loop on one page. */
public final class Pages {

  private static final AccessRule OPEN = AccessRule.open("what a page shows it asks the API for");

  private static final String FOLDER = "/pages/";

  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

  private final List<Endpoint> endpoints;

  private Pages(List<Endpoint> endpoints) {
    this.endpoints = endpoints;
  }

  /** Reads the files from the class path. */
  public static Pages load() {
    return new Pages(
        List.of(
            file("/", "index.html", StaticFiles.HTML),
            file("/loops.html", "loops.html", StaticFiles.HTML),
            file("/pages/loops.js", "loops.js", StaticFiles.SCRIPT),
            file("/pages/style.css", "style.css", StaticFiles.STYLE)));
  }

  /** {@code GET /}, {@code GET /loops.html} and the files of both. */
  public List<Endpoint> endpoints() {
    return endpoints;
  }

  private static Endpoint file(String path, String name, ContentType type) {
    HttpResponse answer = StaticFiles.answer(type, StaticFiles.read(FOLDER + name), POLICY);
    return Endpoint.get(path, OPEN, call -> CompletableFuture.completedStage(answer))
        .undocumented();
  }
}
