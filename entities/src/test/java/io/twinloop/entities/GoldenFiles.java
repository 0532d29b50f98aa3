package io.twinloop.entities;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.apache.pekko.serialization.Serializer;
import org.apache.pekko.serialization.Serializers;

/**
 * Recorded events, one file per event class and version: what a release wrote has to stay readable.
 *
 * <p>{@code mvn -pl entities -am test -Dtwinloop.golden=write} writes the files that are missing. A
 * file that is there is never written again: where an event's form changes, give the new form's
 * sample the next version and keep the old file and its sample.
 */
final class GoldenFiles {

  /** What a file holds: what a journal stores, {@code cbor} in base64, and the same for people. */
  record Golden(String manifest, int serializerId, String cbor, JsonNode json) {

    byte[] bytes() {
      return Base64.getDecoder().decode(cbor);
    }
  }

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();
  private static final ObjectMapper CBOR = new ObjectMapper(new CBORFactory());

  private final Path folder =
      Path.of(System.getProperty("basedir", "")).resolve("src/test/resources/golden");
  private final boolean writeMissing = "write".equals(System.getProperty("twinloop.golden"));
  private final Serialization serialization;

  GoldenFiles(ActorSystem<?> system) {
    this.serialization = SerializationExtension.get(system);
  }

  /** Holds the recorded form of an event, in the file of this name, against its sample. */
  void check(String name, boolean isNewest, Object sample) throws IOException {
    Path file = folder.resolve(name + ".json");
    if (!Files.exists(file) && writeMissing) {
      Files.createDirectories(folder);
      Files.writeString(
          file, JSON.writeValueAsString(record(sample)) + "\n", StandardOpenOption.CREATE_NEW);
    }
    assertThat(file)
        .as("no golden file; write it with -Dtwinloop.golden=write and commit it")
        .exists();
    Golden golden = JSON.readValue(file.toFile(), Golden.class);
    assertThat(readable(golden.bytes()))
        .as("%s: json is what cbor says", file)
        .isEqualTo(golden.json());
    Object read =
        serialization.deserialize(golden.bytes(), golden.serializerId(), golden.manifest()).get();
    assertThat(read).as("%s, read by this release", file).isEqualTo(sample);
    if (isNewest) {
      Golden today = record(sample);
      assertThat(today.manifest()).as("%s: manifest", file).isEqualTo(golden.manifest());
      assertThat(today.serializerId()).as("%s: serializer", file).isEqualTo(golden.serializerId());
      assertThat(today.json())
          .as("%s: this release writes another form; give it the next version", file)
          .isEqualTo(golden.json());
    }
  }

  private Golden record(Object event) throws IOException {
    Serializer serializer = serialization.findSerializerFor(event);
    byte[] bytes = serializer.toBinary(event);
    return new Golden(
        Serializers.manifestFor(serializer, event),
        serializer.identifier(),
        Base64.getEncoder().encodeToString(bytes),
        readable(bytes));
  }

  private static JsonNode readable(byte[] cbor) throws IOException {
    return JSON.readTree(JSON.writeValueAsBytes(CBOR.readTree(cbor)));
  }
}
