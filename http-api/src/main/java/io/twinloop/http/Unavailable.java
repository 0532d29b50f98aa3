package io.twinloop.http;

import java.time.Duration;

/** A dependency a request needs is away; the caller is told to come again. */
public final class Unavailable extends RuntimeException {

  private final String dependency;
  private final transient Duration retryAfter;

  /**
   * @param dependency what is away, in words for the caller: "PostgreSQL", "the bus"
   * @param retryAfter when another try makes sense
   */
  public Unavailable(String dependency, Duration retryAfter) {
    super(dependency + " is away");
    this.dependency = dependency;
    this.retryAfter = retryAfter;
  }

  public String dependency() {
    return dependency;
  }

  public Duration retryAfter() {
    return retryAfter;
  }
}
