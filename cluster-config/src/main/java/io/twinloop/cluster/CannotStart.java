package io.twinloop.cluster;

/** Why a node can't start, in a sentence. */
final class CannotStart extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CannotStart(String sentence) {
    super(sentence);
  }
}
