package io.twinloop.domain;

import java.time.Duration;

/**
 * Refuses settings that make no sense, at the start and by their name.
 *
 * @param path under which the settings stand, such as {@code twinloop.http}
 */
public record SettingsUnder(String path) {

  /**
   * Refuses a value that is not fine.
   *
   * @param expected what the value must be, to go on with
   * @throws IllegalArgumentException that names the key and quotes the value
   */
  public void check(boolean fine, String key, String expected, Object value) {
    if (!fine) {
      throw new IllegalArgumentException(
          "%s.%s must be %s, not %s".formatted(path, key, expected, value));
    }
  }

  /** Refuses a time of nothing or less. */
  public void checkPositive(Duration value, String key) {
    check(!value.isZero() && !value.isNegative(), key, "longer than nothing", value);
  }
}
