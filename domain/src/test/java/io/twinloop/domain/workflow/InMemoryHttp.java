package io.twinloop.domain.workflow;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The pet store and the login the conformance kit calls, without a network. */
final class InMemoryHttp implements HttpCalls {

  private static final String PET = "{\"id\": %s, \"name\": \"Milou\", \"status\": \"available\"}";

  @Override
  public CompletionStage<HttpAnswer> execute(HttpCall call, String idempotencyKey) {
    return CompletableFuture.completedFuture(answer(call));
  }

  HttpAnswer answer(HttpCall call) {
    String path = call.uri().getPath();
    if (path.equals("/v2/pet/findByStatus")) {
      return json(call, 200, "[" + PET.formatted(1) + "," + PET.formatted(2) + "]");
    }
    if (path.matches("/v2/pet/\\d+")) {
      return json(call, 200, PET.formatted(path.substring("/v2/pet/".length())));
    }
    if (path.startsWith("/basic-auth/")) {
      boolean known =
          call.authentication() instanceof HttpCall.Basic basic
              && path.equals(
                  "/basic-auth/" + basic.username().text() + "/" + basic.password().text());
      return json(call, known ? 200 : 401, "{\"authenticated\": " + known + "}");
    }
    return json(call, 404, "{\"message\": \"not found\"}");
  }

  private static HttpAnswer json(HttpCall call, int status, String body) {
    return HttpAnswer.read(
        call,
        status,
        Map.of("Content-Type", "application/json; charset=utf-8"),
        body.getBytes(StandardCharsets.UTF_8));
  }
}
