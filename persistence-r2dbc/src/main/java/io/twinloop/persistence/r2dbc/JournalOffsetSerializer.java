package io.twinloop.persistence.r2dbc;

import java.io.NotSerializableException;
import java.nio.charset.StandardCharsets;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.serialization.SerializerWithStringManifest;

/**
 * Writes a {@link JournalOffset} as the text {@code "xid:ordinal"}.
 *
 * <p>The identifier has two digits and the manifest one letter: pekko-projection-jdbc keeps {@code
 * identifier:manifest} in a column of four characters.
 */
public final class JournalOffsetSerializer extends SerializerWithStringManifest {

  /** Of the first and so far only stored form. */
  public static final String MANIFEST = "x";

  /** As registered in reference.conf under {@code serialization-identifiers}. */
  public static final int IDENTIFIER = 91;

  private final int identifier;

  public JournalOffsetSerializer(ExtendedActorSystem system) {
    this.identifier =
        system
            .settings()
            .config()
            .getInt("pekko.actor.serialization-identifiers.\"%s\"".formatted(getClass().getName()));
  }

  @Override
  public int identifier() {
    return identifier;
  }

  @Override
  public String manifest(Object offset) {
    return MANIFEST;
  }

  @Override
  public byte[] toBinary(Object offset) {
    if (offset instanceof JournalOffset) {
      return offset.toString().getBytes(StandardCharsets.UTF_8);
    }
    throw new IllegalArgumentException(
        "Expected a JournalOffset, but got '%s'.".formatted(offset.getClass().getName()));
  }

  @Override
  public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
    if (!manifest.equals(MANIFEST)) {
      throw new NotSerializableException(
          "Expected a journal offset with manifest '%s', but got '%s'."
              .formatted(MANIFEST, manifest));
    }
    return JournalOffset.parse(new String(bytes, StandardCharsets.UTF_8));
  }
}
