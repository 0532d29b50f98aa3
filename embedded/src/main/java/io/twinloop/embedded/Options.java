package io.twinloop.embedded;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The command line of this module's two programs: options with a value, then what is left.
 *
 * @param values by option, e.g. {@code --data}
 * @param rest from the first word on that is no option
 */
record Options(Map<String, String> values, List<String> rest) {

  /**
   * @param known the options that may come, each followed by its value
   */
  static Options parse(String[] words, Set<String> known) {
    Map<String, String> values = new LinkedHashMap<>();
    int next = 0;
    while (next < words.length && words[next].startsWith("--")) {
      String option = words[next];
      if (!known.contains(option)) {
        throw new CannotStartException(
            "Unknown option '%s': expected one of %s.".formatted(option, String.join(", ", known)));
      }
      if (next + 1 == words.length) {
        throw new CannotStartException("Option '%s' needs a value.".formatted(option));
      }
      values.put(option, words[next + 1]);
      next += 2;
    }
    List<String> rest = new ArrayList<>();
    for (; next < words.length; next++) {
      rest.add(words[next]);
    }
    return new Options(values, List.copyOf(rest));
  }

  Path path(String option) {
    String value = values.get(option);
    if (value == null || value.isBlank()) {
      throw new CannotStartException("Option '%s' with a folder is missing.".formatted(option));
    }
    return Path.of(value);
  }

  Optional<Integer> port(String option) {
    String value = values.get(option);
    if (value == null) {
      return Optional.empty();
    }
    try {
      int port = Integer.parseInt(value);
      if (port >= 0 && port <= 65_535) {
        return Optional.of(port);
      }
    } catch (NumberFormatException e) {
      throw notAPort(option, value, e);
    }
    throw notAPort(option, value, null);
  }

  private static CannotStartException notAPort(
      String option, String value, @Nullable Throwable cause) {
    return new CannotStartException(
        "Option '%s' is '%s', but a port is a whole number from 0 to 65535."
            .formatted(option, value),
        cause);
  }
}
