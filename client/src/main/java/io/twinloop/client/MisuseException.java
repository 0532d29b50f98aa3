package io.twinloop.client;

/** The command was called wrongly; the sentence says what is expected. */
final class MisuseException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  MisuseException(String sentence) {
    super(sentence);
  }
}
