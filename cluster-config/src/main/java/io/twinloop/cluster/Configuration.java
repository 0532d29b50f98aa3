package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * All settings of a node, put together: system properties, the command line, {@code
 * application.conf}, and every module's {@code reference.conf}.
 *
 * <p>What a setting takes from the environment may also stand in a file: {@code TWINLOOP_X_FILE}
 * names the file with the value of {@code TWINLOOP_X}. So secrets can come from where an
 * orchestrator puts them, and no module has to know.
 */
final class Configuration {

  private static final String OURS = "TWINLOOP_";
  private static final String FILE = "_FILE";

  /** Far more than any secret or certificate chain has. */
  private static final long LONGEST_VALUE_BYTES = 1 << 20;

  private Configuration() {}

  /**
   * The settings of this process.
   *
   * @param given comes before everything but system properties
   * @throws CannotStart naming the variable, when a file it names can't be read
   */
  static Config load(Config given) {
    // Whoever started servers meanwhile has said by system properties where they are.
    ConfigFactory.invalidateCaches();
    return load(given, System.getenv());
  }

  static Config load(Config given, Map<String, String> environment) {
    Config files = ConfigFactory.parseMap(fromFiles(environment), "files named in the environment");
    Config all =
        ConfigFactory.defaultOverrides()
            .withFallback(given)
            .withFallback(files)
            .withFallback(ConfigFactory.defaultApplication())
            .withFallback(ConfigFactory.defaultReferenceUnresolved())
            .resolve();
    for (String variable : files.root().keySet()) {
      all = all.withoutPath(variable);
    }
    return all;
  }

  /** The value of each variable that a file holds, by variable. */
  static Map<String, String> fromFiles(Map<String, String> environment) {
    Map<String, String> values = new HashMap<>();
    environment.forEach(
        (name, file) -> {
          if (name.startsWith(OURS) && name.endsWith(FILE) && !file.isBlank()) {
            String variable = name.substring(0, name.length() - FILE.length());
            if (!environment.getOrDefault(variable, "").isBlank()) {
              throw new CannotStart(
                  "%s and %s are both set: unset one of them.".formatted(variable, name));
            }
            values.put(variable, read(name, file));
          }
        });
    return values;
  }

  private static String read(String name, String file) {
    try {
      Path path = Path.of(file);
      if (!Files.isRegularFile(path) && Files.exists(path)) {
        throw cannotRead(name, file, "it is no file");
      }
      if (Files.exists(path) && Files.size(path) > LONGEST_VALUE_BYTES) {
        throw cannotRead(name, file, "it is longer than 1 MiB");
      }
      String value = Files.readString(path).stripTrailing();
      if (value.isEmpty()) {
        throw cannotRead(name, file, "it is empty");
      }
      return value;
    } catch (NoSuchFileException e) {
      throw cannotRead(name, file, "there is none");
    } catch (AccessDeniedException e) {
      throw cannotRead(name, file, "this user may not read it");
    } catch (InvalidPathException e) {
      throw cannotRead(name, file, "that is no path");
    } catch (IOException e) {
      throw cannotRead(name, file, "it is no UTF-8 text, or its disk fails");
    }
  }

  private static CannotStart cannotRead(String name, String file, String why) {
    String shown = file.lines().count() > 1 || file.startsWith("-----") ? "(its content)" : file;
    return new CannotStart(
        "%s names the file '%s', which can't be read: %s.".formatted(name, shown, why));
  }
}
