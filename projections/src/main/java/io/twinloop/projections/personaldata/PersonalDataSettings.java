package io.twinloop.projections.personaldata;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.twinloop.domain.Secret;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.PersonalFields;
import io.twinloop.domain.personaldata.MasterKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Which fields are personal and what they are sealed under; read once from {@code
 * twinloop.personal-data}.
 *
 * @param master wraps the keys of subjects
 * @param others that keys may be wrapped by too, while the master key is changed
 * @param keyCache so long after another node erased a subject this one may still open its values
 */
public record PersonalDataSettings(
    PersonalFields fields, MasterKey master, List<MasterKey> others, Duration keyCache) {

  private static final Pattern BETWEEN_KEYS = Pattern.compile(",");

  public PersonalDataSettings {
    others = List.copyOf(others);
  }

  /**
   * Reads the settings.
   *
   * @throws IllegalArgumentException with a sentence that says what to do, when there is no key
   */
  public static PersonalDataSettings of(Config config) {
    Config settings = config.getConfig("twinloop.personal-data");
    List<MasterKey> others = new ArrayList<>();
    for (String text : BETWEEN_KEYS.split(settings.getString("other-keys"), -1)) {
      if (!text.isBlank()) {
        others.add(key("TWINLOOP_PERSONAL_DATA_OTHER_KEYS", Secret.of(text)));
      }
    }
    return new PersonalDataSettings(
        fieldsOf(config), master(settings), others, settings.getDuration("key-cache"));
  }

  /** Which fields are personal. */
  public static PersonalFields fieldsOf(Config config) {
    Config fields = config.getConfig("twinloop.personal-data.fields");
    Map<NodeType, List<String>> byType = new EnumMap<>(NodeType.class);
    for (String name : fields.root().keySet()) {
      NodeType type;
      try {
        type = NodeType.of(name);
      } catch (IllegalArgumentException e) {
        throw new ConfigException.BadPath("twinloop.personal-data.fields." + name, e.getMessage());
      }
      byType.put(type, fields.getStringList(name));
    }
    return new PersonalFields(byType);
  }

  private static MasterKey master(Config settings) {
    Secret given = Secret.of(settings.getString("key"));
    if (given.reveal().isBlank()) {
      throw new IllegalArgumentException(
          "personal data is stored sealed, and there is no key to seal it under. Make one with 'openssl rand -base64 32', keep a copy away from the database, and give every node the same, as TWINLOOP_PERSONAL_DATA_KEY or in a file named by TWINLOOP_PERSONAL_DATA_KEY_FILE.");
    }
    return key("TWINLOOP_PERSONAL_DATA_KEY", given);
  }

  private static MasterKey key(String where, Secret text) {
    try {
      return MasterKey.of(text.reveal());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "%s is no key: %s. Make one with 'openssl rand -base64 32'."
              .formatted(where, e.getMessage()),
          e);
    }
  }
}
