package io.twinloop.multijvm;

/**
 * Something a node depends on, as seen by one who disturbs it. It keeps its address and its data.
 */
public interface Service {
  /** Starts it, again or for the first time; returns when it answers. */
  void start();

  /** Stops it in order. Harmless when it does not run. */
  void stop();

  /** Ends it without warning (SIGKILL). Harmless when it does not run. */
  void kill();

  /** Freezes it (SIGSTOP): connections stay open, nothing answers. */
  void pause();

  /** Ends a {@link #pause()}. */
  void resume();

  boolean isRunning();
}
