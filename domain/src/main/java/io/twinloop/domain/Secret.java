package io.twinloop.domain;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Objects;

/**
 * A password, a key, a token: prints as {@code ***} wherever it gets to. Whoever has to use it
 * calls {@link #reveal()} at the last moment and keeps nothing.
 */
public final class Secret {

  private static final Secret NONE = new Secret("");

  private final String value;

  private Secret(String value) {
    this.value = value;
  }

  /** The secret with this value; empty for none. */
  public static Secret of(String value) {
    Objects.requireNonNull(value, "value");
    return value.isEmpty() ? NONE : new Secret(value);
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return value.isEmpty();
  }

  /** The value itself, for whoever has to use it. */
  public String reveal() {
    return value;
  }

  /** Compares in a time that tells nothing of the value. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Secret secret && MessageDigest.isEqual(bytes(), secret.bytes());
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  /** {@code ***}, or nothing when there is none. */
  @Override
  public String toString() {
    return value.isEmpty() ? "" : "***";
  }

  private byte[] bytes() {
    return value.getBytes(StandardCharsets.UTF_8);
  }
}
