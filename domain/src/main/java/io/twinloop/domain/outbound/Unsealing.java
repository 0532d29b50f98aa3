package io.twinloop.domain.outbound;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Makes sealed parts of texts readable. It is applied to what a message says and to whom, right
 * before the message leaves, and to nothing that is kept.
 */
@FunctionalInterface
public interface Unsealing {

  /** The texts in the same order, what is sealed in them readable. Never waits in the caller. */
  CompletionStage<List<String>> apply(List<String> texts);

  /** For texts that hold nothing sealed. */
  Unsealing NONE = CompletableFuture::completedStage;
}
