package io.twinloop.embedded;

import org.jspecify.annotations.Nullable;

/**
 * Something outside the program keeps a server from starting: a port in use, a folder held by
 * another node, a full disk. The message is one sentence for the person at the terminal, which says
 * what is wrong and what to do.
 */
public final class CannotStartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CannotStartException(String sentence) {
    super(sentence);
  }

  public CannotStartException(String sentence, @Nullable Throwable cause) {
    super(sentence, cause);
  }
}
