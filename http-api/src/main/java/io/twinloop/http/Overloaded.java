package io.twinloop.http;

/** A queue on the way is full, so the request was refused before anything changed. */
public final class Overloaded extends RuntimeException {

  /**
   * @param what the queue that is full, in words for the caller
   */
  public Overloaded(String what) {
    // An expected answer, of which there are many when there is much to do: no stack trace.
    super(what + " is full", null, false, false);
  }
}
