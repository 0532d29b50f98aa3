package io.twinloop.http.identity;

import io.twinloop.domain.identity.Identity;
import java.util.concurrent.CompletionStage;

/** Finds out whose API key it is. */
@FunctionalInterface
public interface ApiKeyCheck {

  /** Where there are no API keys. */
  ApiKeyCheck NONE =
      key -> {
        throw Tokens.unauthenticated("API keys aren't taken here.");
      };

  /** Whether the key held not long ago. */
  default boolean heldLately(String key) {
    return false;
  }

  /**
   * Whose key it is. Fails with a {@link io.twinloop.http.ProblemException} of code {@code
   * unauthenticated} when it is unknown, revoked or expired.
   */
  CompletionStage<Identity> identify(String key);
}
