package io.twinloop.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What stands behind a command: words, and options with a value each. */
final class Arguments {

  private final List<String> words = new ArrayList<>();
  private final Map<String, String> options = new HashMap<>();

  private Arguments() {}

  static Arguments of(List<String> args) {
    Arguments arguments = new Arguments();
    for (int i = 0; i < args.size(); i++) {
      String arg = args.get(i);
      if (!arg.startsWith("--")) {
        arguments.words.add(arg);
      } else if (i + 1 == args.size()) {
        throw new MisuseException("Option '" + arg + "' needs a value.");
      } else {
        arguments.options.put(arg, args.get(++i));
      }
    }
    return arguments;
  }

  /** The words, of which there must be so many. */
  List<String> words(String... names) {
    if (words.size() != names.length) {
      throw new MisuseException(
          "Expected %s, not '%s'.".formatted(String.join(" ", names), String.join(" ", words)));
    }
    return words;
  }

  /** Refuses options that are not among these. */
  void know(String... names) {
    for (String option : options.keySet()) {
      if (!List.of(names).contains(option)) {
        throw new MisuseException("There is no option '" + option + "' here.");
      }
    }
  }

  Optional<String> option(String name) {
    return Optional.ofNullable(options.get(name));
  }
}
