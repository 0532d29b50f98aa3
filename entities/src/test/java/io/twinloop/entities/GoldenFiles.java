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

  /**
   * Holds every recorded form of a message, in the files {@code messages/NAME.vN.json}, against
   * this release: each can be read, and the last is what it sends.
   */
  void checkMessage(String name, Object sample) throws IOException {
    Path messages = folder.resolve("messages");
    Golden today = record(sample);
    int version = 1;
    while (Files.exists(messages.resolve("%s.v%d.json".formatted(name, version + 1)))) {
      version++;
    }
    Path newest = messages.resolve("%s.v%d.json".formatted(name, version));
    if (writeMissing && !Files.exists(newest)) {
      Files.createDirectories(messages);
      Files.writeString(newest, JSON.writeValueAsString(today) + "\n");
    } else if (writeMissing && !JSON.readValue(newest.toFile(), Golden.class).equals(today)) {
      version++;
      newest = messages.resolve("%s.v%d.json".formatted(name, version));
      Files.writeString(newest, JSON.writeValueAsString(today) + "\n");
    }
    for (int each = 1; each <= version; each++) {
      Path file = messages.resolve("%s.v%d.json".formatted(name, each));
      assertThat(file)
          .as("no golden file; write it with -Dtwinloop.golden=write and commit it")
          .exists();
      Golden golden = JSON.readValue(file.toFile(), Golden.class);
      Object read =
          serialization.deserialize(golden.bytes(), golden.serializerId(), golden.manifest()).get();
      assertThat(read).as("%s, read by this release", file).isInstanceOf(sample.getClass());
      if (each == version) {
        assertThat(read).as("%s, read by this release", file).isEqualTo(sample);
        assertThat(today.json())
            .as("%s: this release sends another form; write its next version", file)
            .isEqualTo(golden.json());
      }
    }
  }

  private Golden record(Object event) throws IOException {
    Serializer serializer = serialization.findSerializerFor(event);
    byte[] bytes = serialization.serialize(event).get();
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
