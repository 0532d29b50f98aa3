package io.twinloop.http.identity;

import java.util.Optional;

/**
 * What a request says about who asks, as it came.
 *
 * @param authorization the header {@code Authorization}
 * @param apiKey the header {@code X-Api-Key}
 * @param actor the header {@code Twinloop-Actor}, which counts only where there is no login
 */
public record Credentials(
    Optional<String> authorization, Optional<String> apiKey, Optional<String> actor) {

  /** Whether the request shows anything that could be checked. */
  public boolean isEmpty() {
    return authorization.isEmpty() && apiKey.isEmpty();
  }

  /** Without what is secret: it may stand in a log. */
  @Override
  public String toString() {
    return "Credentials[" + (isEmpty() ? "none" : "hidden") + "]";
  }
}
