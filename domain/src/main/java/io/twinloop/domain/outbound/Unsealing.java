package io.twinloop.domain.outbound;

import java.util.function.UnaryOperator;

/**
 * Makes sealed parts of a text readable. It is applied to what a message says and to whom, right
 * before the message leaves, and to nothing that is kept.
 */
@FunctionalInterface
public interface Unsealing extends UnaryOperator<String> {

  /** For texts that hold nothing sealed. */
  Unsealing NONE = text -> text;
}
