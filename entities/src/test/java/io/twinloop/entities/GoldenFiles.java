package io.twinloop.entities;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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

  /** What a file holds; {@code json} is for people, the others are what a journal stores. */
  record Golden(String manifest, int serializerId, byte[] cbor, JsonNode json) {}

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final ObjectMapper CBOR = new ObjectMapper(new CBORFactory());

  private final Path folder =
      Path.of(System.getProperty("basedir", "")).resolve("src/test/resources/golden");
  private final boolean writeMissing = "write".equals(System.getProperty("twinloop.golden"));
  private final Serialization serialization;

  GoldenFiles(ActorSystem<?> system) {
    this.serialization = SerializationExtension.get(system);
  }

  /** Holds the recorded form of an event against its sample. */
  void check(String entity, int version, boolean isNewest, Object sample) throws IOException {
    Path file =
        folder.resolve(
            "%s.%s.v%d.json".formatted(entity, sample.getClass().getSimpleName(), version));
    if (!Files.exists(file) && writeMissing) {
      Files.createDirectories(folder);
      Files.writeString(
          file, JSON.writeValueAsString(record(sample)) + "\n", StandardOpenOption.CREATE_NEW);
    }
    assertThat(file)
        .as("no golden file; write it with -Dtwinloop.golden=write and commit it")
        .exists();
    Golden golden = JSON.readValue(file.toFile(), Golden.class);
    assertThat(CBOR.readTree(golden.cbor())).as("%s: json is what cbor says", file).isEqualTo(golden.json());
    Object read =
        serialization.deserialize(golden.cbor(), golden.serializerId(), golden.manifest()).get();
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
        bytes,
        JSON.readTree(JSON.writeValueAsBytes(CBOR.readTree(bytes))));
  }
}
