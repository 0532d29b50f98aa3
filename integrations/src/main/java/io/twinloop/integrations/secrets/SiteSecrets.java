package io.twinloop.integrations.secrets;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValue;
import io.twinloop.domain.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds secrets by name: in the variable {@code TWINLOOP_SECRET_<NAME>}, in the file that {@code
 * TWINLOOP_SECRET_<NAME>_FILE} names, or in a file of that name in a folder. Files are read each
 * time, so that a secret can be replaced while the node runs; nothing is kept.
 *
 * <p>In a variable's name every character but letters and digits is an underscore, in capitals.
 */
public final class SiteSecrets {

  private static final Logger LOG = LoggerFactory.getLogger(SiteSecrets.class);

  private static final String PREFIX = "TWINLOOP_SECRET_";
  private static final long LONGEST_BYTES = 64 * 1024;

  /** No separator, no dot in front: a name never leads out of the folder. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,99}");

  private final Map<String, String> environment;
  private final String folder;
  private final Map<String, Set<String>> hosts;

  /**
   * @param folder empty for none
   * @param hosts where a secret may go, by its {@link #variable}, as a secret has many names but
   *     one variable; one that isn't here may go anywhere
   */
  SiteSecrets(Map<String, String> environment, String folder, Map<String, Set<String>> hosts) {
    this.environment = Map.copyOf(environment);
    this.folder = folder;
    this.hosts = Map.copyOf(hosts);
  }

  /** The secrets that this process's environment and {@code twinloop.secrets} know. */
  public static SiteSecrets from(Config application) {
    Config config = application.getConfig("twinloop.secrets");
    Map<String, Set<String>> hosts = new HashMap<>();
    for (Map.Entry<String, ConfigValue> entry : config.getObject("hosts").entrySet()) {
      if (!(entry.getValue().unwrapped() instanceof List<?> names)) {
        throw new IllegalArgumentException(
            "twinloop.secrets.hosts.\"%s\" must be a list of hosts".formatted(entry.getKey()));
      }
      Set<String> allowed = new HashSet<>();
      names.forEach(name -> allowed.add(String.valueOf(name).toLowerCase(Locale.ROOT)));
      hosts.merge(variable(entry.getKey()), allowed, SiteSecrets::inBoth);
    }
    return new SiteSecrets(System.getenv(), config.getString("folder"), hosts);
  }

  /** The secret of this name, empty when nobody has put it there. */
  public Optional<Secret> find(String name) {
    if (!NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    String variable = variable(name);
    String value = environment.getOrDefault(variable, "");
    if (!value.isEmpty()) {
      return Optional.of(Secret.of(value));
    }
    String file = environment.getOrDefault(variable + "_FILE", "");
    if (!file.isEmpty()) {
      return read(name, Path.of(file));
    }
    return folder.isEmpty() ? Optional.empty() : read(name, Path.of(folder, name));
  }

  /** Whether a secret may be shown to a host. */
  public boolean mayGoTo(String name, String host) {
    Set<String> allowed = hosts.get(variable(name));
    return allowed == null || allowed.contains(host.toLowerCase(Locale.ROOT));
  }

  private static Set<String> inBoth(Set<String> one, Set<String> other) {
    Set<String> both = new HashSet<>(one);
    both.retainAll(other);
    return both;
  }

  /** The variable that may hold the secret of this name. */
  public static String variable(String name) {
    return PREFIX + name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }

  private static Optional<Secret> read(String name, Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      if (Files.size(file) > LONGEST_BYTES) {
        LOG.error("The file of the secret {} is longer than {} bytes", name, LONGEST_BYTES);
        return Optional.empty();
      }
      String value = Files.readString(file).stripTrailing();
      return value.isEmpty() ? Optional.empty() : Optional.of(Secret.of(value));
    } catch (IOException e) {
      LOG.error("The file of the secret {} can't be read: {}", name, e.getClass().getSimpleName());
      return Optional.empty();
    }
  }
}
