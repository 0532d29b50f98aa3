package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A position survives the way to the caller and back, and nothing else passes for one. */
class ReadPositionTest {

  @Test
  void shouldComeBackAsItWent() {
    ReadPosition position = new ReadPosition(Map.of("Kpi|a:1~x", 7L, "WorkflowInstance|b", 1L));

    assertThat(ReadPosition.decode(position.encode())).hasValue(position);
    assertThat(position.encode()).matches("[A-Za-z0-9_-]+");
  }

  @Test
  void shouldKeepTheLaterOfTwo() {
    ReadPosition both =
        ReadPosition.of("a", 3)
            .and(new ReadPosition(Map.of("a", 5L, "b", 1L)))
            .and(ReadPosition.of("b", 2));

    assertThat(both).isEqualTo(new ReadPosition(Map.of("a", 5L, "b", 2L)));
  }

  @Test
  void shouldNoticeEveryChangedCharacter() {
    String token = ReadPosition.of("Kpi|k1", 1234567).encode();
    for (int i = 0; i < token.length(); i++) {
      char other = token.charAt(i) == 'A' ? 'B' : 'A';
      String tampered = token.substring(0, i) + other + token.substring(i + 1);

      // The last character carries unused bits, so a change there may mean the same bytes.
      if (i < token.length() - 1) {
        assertThat(ReadPosition.decode(tampered)).as(tampered).isEmpty();
      }
    }
    assertThat(ReadPosition.decode(token.substring(1))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "a@", "@1", "a@0", "a@-1", "a@x", "a@1,", "a@1,,b@1", "a@b@1"})
  void shouldRefuseATextThatIsNoPosition(String text) {
    assertThat(ReadPosition.decode(OpaqueToken.encode(text))).isEmpty();
  }

  @Test
  void shouldHoldFiftyEntriesAtMost() {
    Map<String, Long> entries = new HashMap<>();
    for (int i = 0; i < 50; i++) {
      entries.put("Kpi|" + i, 1L);
    }
    ReadPosition full = new ReadPosition(entries);

    assertThat(ReadPosition.decode(full.encode())).hasValue(full);
    assertThatThrownBy(() -> full.and(ReadPosition.of("other", 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("51");
  }
}
