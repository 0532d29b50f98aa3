package io.twinloop.entities;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Ids that follow from what they name, so that a repetition finds the same. */
public final class EntityIds {

  private EntityIds() {}

  /** The id of the thing these parts name: always the same one for the same parts. */
  public static String derived(String... parts) {
    return derived(String.join("\n", parts).getBytes(StandardCharsets.UTF_8));
  }

  /** The id of these bytes: always the same one for the same bytes. */
  public static String derived(byte[] bytes) {
    return UUID.nameUUIDFromBytes(bytes).toString();
  }
}
