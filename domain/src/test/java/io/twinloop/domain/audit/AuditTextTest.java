package io.twinloop.domain.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes from outside stays one harmless line. */
class AuditTextTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\r", "\n", "\t", "\u0000", "\u001B", "\u007F", "\u0085", "\u2028", "\u2029", "\u202E",
        "\u2066", "\u200B", "\uFEFF", "\uD800", "\uDC00", "\uFFFF"
      })
  void shouldReplaceWhatBreaksOrHidesALine(String bad) {
    assertThat(AuditText.clean("a" + bad + "b", 10)).isEqualTo("a\uFFFDb");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "plain", "Größe 価格", "a b", "🙂", "{id}"})
  void shouldLeaveTextAsItIs(String text) {
    assertThat(AuditText.clean(text, 100)).isEqualTo(text);
  }

  @Test
  void shouldCutWhatIsTooLong() {
    assertThat(AuditText.clean("abcdef", 4)).isEqualTo("abc…");
    assertThat(AuditText.clean("abc🙂ef", 5)).as("no half of a character").isEqualTo("abc\uFFFD…");
  }

  @Test
  void shouldCleanEveryTextOfAnEntry() {
    String bad = "x\r\n" + "y".repeat(1_000);
    AuditEntry entry =
        new AuditEntry(
            new AuditEntry.Who(bad, bad, Optional.of(bad)),
            bad,
            bad,
            AuditEntry.Type.REFUSAL,
            bad,
            400,
            Optional.of(bad),
            bad);

    assertThat(entry.toString()).doesNotContain("\r", "\n").hasSizeLessThan(2_300);
  }
}
