package io.twinloop.http.limits;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import io.twinloop.domain.SettingsUnder;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings {@code twinloop.limits}, each explained in {@code reference.conf}.
 *
 * @param when requests are limited
 * @param usual of one caller at one route that has no class
 * @param classes of one caller at all routes of a class, by its name
 * @param failedLogins of one address
 * @param mostCallers how many callers, routes and classes are told apart
 */
public record LimitSettings(
    When when, Quota usual, Map<String, Quota> classes, Quota failedLogins, int mostCallers) {

  private static final String PATH = "twinloop.limits";
  private static final SettingsUnder SETTINGS = new SettingsUnder(PATH);

  /** When requests are limited. */
  public enum When {
    ALWAYS,
    /** Where callers must show who they are. */
    WITH_LOGIN,
    NEVER
  }

  /** So many requests in such a time, at once or spread over it. */
  public record Quota(long requests, Duration per) {
    public Quota {
      SETTINGS.check(requests >= 1, "requests", "1 or more", requests);
      SETTINGS.check(per.toSeconds() >= 1, "per", "a second or longer", per);
    }
  }

  public LimitSettings {
    classes = Map.copyOf(classes);
    SETTINGS.check(mostCallers >= 1, "most-callers", "1 or more", mostCallers);
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static LimitSettings from(Config application) {
    Config config = application.getConfig(PATH);
    Map<String, Quota> classes = new HashMap<>();
    ConfigObject named = config.getObject("classes");
    named.keySet().forEach(name -> classes.put(name, quota(named.toConfig().getConfig(name))));
    return new LimitSettings(
        when(config.getString("when")),
        quota(config.getConfig("usual")),
        classes,
        quota(config.getConfig("failed-logins")),
        config.getInt("most-callers"));
  }

  private static When when(String text) {
    return switch (text) {
      case "always" -> When.ALWAYS;
      case "with-login" -> When.WITH_LOGIN;
      case "never" -> When.NEVER;
      default -> {
        SETTINGS.check(false, "when", "one of " + List.of("always", "with-login", "never"), text);
        yield When.ALWAYS;
      }
    };
  }

  private static Quota quota(Config config) {
    return new Quota(config.getLong("requests"), config.getDuration("per"));
  }
}
