package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "PT30S | PT30S",
        "PT0S | PT0S",
        "P1W | P7D",
        "P2DT3H4M5.5S | PT51H4M5.5S",
        "PT0.001S | PT0.001S",
        "PT1.5H | PT90M",
        "{hours: 2, minutes: 15, seconds: 30} | PT2H15M30S",
        "{days: 1, milliseconds: 5} | PT24H0.005S",
      })
  void shouldReadADuration(String text, String expected) {
    assertThat(Durations.read(Instance.yaml(text))).isEqualTo(Duration.parse(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "P",
        "PT",
        "P1M",
        "P1Y",
        "soon",
        "-PT1S",
        "PT-1S",
        "5",
        "{}",
        "{minute: 1}",
        "{hours: -1}",
        "{hours: 1.5}",
        "P99999D",
        "{days: 2000000000}",
        "[]",
        "PT999999999999S"
      })
  void shouldRefuseWhatIsNoneOrTooLong(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Durations.read(Instance.yaml(text)))
        .withMessageContaining("uration");
  }
}
