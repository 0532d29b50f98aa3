package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.NotSerializableException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.apache.pekko.serialization.Serializer;
import org.apache.pekko.serialization.Serializers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JournalOffsetTest {

  private static final ActorSystem SYSTEM = ActorSystem.create("offsets");
  private static final Serialization SERIALIZATION = SerializationExtension.get(SYSTEM);

  @AfterAll
  static void stop() {
    TestPostgres.stop(SYSTEM);
  }

  /** Projections have stored these texts, so they must be read for ever. */
  @ParameterizedTest
  @ValueSource(strings = {"0:0", "1:42", "751:1", "4294967296:9223372036854775807"})
  void shouldReadEveryTextThatReleasesHaveStored(String text) {
    Object offset = SERIALIZATION.deserialize(text.getBytes(StandardCharsets.UTF_8), 91, "x").get();

    assertThat(offset).isInstanceOf(JournalOffset.class).hasToString(text);
    assertThat(SERIALIZATION.serialize(offset).get())
        .isEqualTo(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void shouldFitTheFourCharactersOfAProjectionsManifestColumn() {
    JournalOffset offset = new JournalOffset(751, 42);
    Serializer serializer = SERIALIZATION.findSerializerFor(offset);

    String manifest = serializer.identifier() + ":" + Serializers.manifestFor(serializer, offset);

    assertThat(manifest).isEqualTo("91:x").hasSizeLessThanOrEqualTo(4);
  }

  @Test
  void shouldRefuseAManifestOfALaterRelease() {
    assertThatThrownBy(() -> SERIALIZATION.deserialize(new byte[] {'1'}, 91, "y").get())
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("'y'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":", "7", "7:", ":7", "a:b", "-1:2", "1:-2", "1:2:3"})
  void shouldQuoteATextThatIsNoOffset(String text) {
    assertThatThrownBy(() -> JournalOffset.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @Test
  void shouldOrderByTransactionThenByOrdinal() {
    List<JournalOffset> ordered =
        Stream.of("10:1", "9:3", "9:20", "0:0").map(JournalOffset::parse).sorted().toList();

    assertThat(ordered)
        .extracting(JournalOffset::toString)
        .containsExactly("0:0", "9:3", "9:20", "10:1");
  }

  @Test
  void shouldTakeNoOffsetForTheStart() {
    assertThat(JournalOffset.of(Offset.noOffset())).isEqualTo(JournalOffset.START);
  }

  @Test
  void shouldRefuseTheOffsetOfAnotherJournal() {
    assertThatThrownBy(() -> JournalOffset.of(Offset.sequence(7)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Sequence(7)");
  }
}
