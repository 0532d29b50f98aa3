package io.twinloop.http;

/** A queue on the way is full, so the request was refused before anything changed. */
public final class Overloaded extends RuntimeException {

  /**
   * @param what the queue that is full, in words for the caller
   */
  public Overloaded(String what) {
    super(what + " is full");
  }
}
