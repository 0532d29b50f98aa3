package io.twinloop.domain.identity;

import java.util.concurrent.CompletionStage;

/** Where the public keys of whoever issues tokens are found. */
public interface KeySetSource {

  /**
   * The key set as it stands there now, JSON of RFC 7517. Fails with a message for the operator
   * when it can't be had, within bounds of time and size.
   */
  CompletionStage<String> fetch();
}
