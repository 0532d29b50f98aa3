package io.twinloop.integrations.outbound;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tables of names in the configuration, where a name may hold any character: "role:cfo". */
final class OutboundConfig {

  /** The name that stands for a message without a recipient. */
  static final String DEFAULT = "default";

  private OutboundConfig() {}

  /** The values of a table that are not empty, by name. */
  static Map<String, String> texts(Config config, String table) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (Map.Entry<String, ConfigValue> entry : config.getObject(table).entrySet()) {
      if (entry.getValue().valueType() != ConfigValueType.STRING) {
        throw new IllegalArgumentException(
            "twinloop.outbound.….%s.\"%s\" must be a text".formatted(table, entry.getKey()));
      }
      String text = String.valueOf(entry.getValue().unwrapped());
      if (!text.isEmpty()) {
        texts.put(entry.getKey(), text);
      }
    }
    return texts;
  }

  /** The tables of a table, by name. */
  static Map<String, Config> tables(Config config, String table) {
    Map<String, Config> tables = new LinkedHashMap<>();
    for (String name : config.getObject(table).keySet()) {
      tables.put(name, config.getObject(table).toConfig().getConfig(quoted(name)));
    }
    return tables;
  }

  private static String quoted(String name) {
    return ConfigUtil.joinPath(name);
  }
}
