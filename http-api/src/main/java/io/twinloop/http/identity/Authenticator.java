package io.twinloop.http.identity;

import io.twinloop.domain.identity.Identity;
import io.twinloop.entities.Cause;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Finds out who asks. */
public interface Authenticator {

  /** No login: everybody is local and acts under the name they give. */
  Authenticator OFF =
      new Authenticator() {
        @Override
        public boolean requiresLogin() {
          return false;
        }

        @Override
        public CompletionStage<Identity> identify(Credentials credentials) {
          return CompletableFuture.completedStage(
              Identity.local(credentials.actor().orElse(Cause.UNNAMED)));
        }
      };

  /** Whether callers must show who they are. Without it only loopback may be bound. */
  boolean requiresLogin();

  /**
   * Whether it takes a look at what is kept to tell if these credentials hold, and they didn't
   * lately: then they may be one of many guesses.
   */
  default boolean isGuess(Credentials credentials) {
    return false;
  }

  /**
   * Who asks. Fails with a {@link io.twinloop.http.ProblemException} of code {@code
   * unauthenticated} where the credentials are missing or don't hold.
   */
  CompletionStage<Identity> identify(Credentials credentials);
}
