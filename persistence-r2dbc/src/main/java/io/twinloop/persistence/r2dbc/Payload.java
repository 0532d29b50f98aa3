package io.twinloop.persistence.r2dbc;

import java.util.Base64;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.Serializer;
import org.apache.pekko.serialization.Serializers;

/**
 * A serialised object as the tables hold it: which serialiser, which class by its manifest, the
 * bytes.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, only carried
record Payload(int serializerId, String manifest, byte[] bytes) {

  /**
   * Serialises an object as the actor system's configuration says.
   *
   * @throws RuntimeException (or what the serialiser throws) if it can't be serialised
   */
  static Payload of(Serialization serialization, Object object) {
    Serializer serializer = serialization.findSerializerFor(object);
    byte[] bytes = serialization.serialize(object).get();
    return new Payload(serializer.identifier(), Serializers.manifestFor(serializer, object), bytes);
  }

  /** The bytes as text, for {@code decode(…, 'base64')}. */
  String base64() {
    return Base64.getEncoder().encodeToString(bytes);
  }

  Object read(Serialization serialization) {
    return serialization.deserialize(bytes, serializerId, manifest).get();
  }
}
