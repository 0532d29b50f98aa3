package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Codes become statuses in one place. */
class ProblemsTest {

  @ParameterizedTest
  @CsvSource({
    "malformed,400",
    "not-found,404",
    "conflict,409",
    "revision-mismatch,412",
    "body-too-large,413",
    "unsupported-media-type,415",
    "refused,422",
    "too-many-requests,429",
    "internal,500",
    "unavailable,503",
  })
  void shouldGiveEveryCodeItsStatus(String code, int status) {
    assertThat(Problems.of(code, "Why.").status()).isEqualTo(status);
    assertThat(Problems.statusOf(code)).isEqualTo(status);
  }

  @Test
  void shouldAnswerAnUnlistedCodeButFailItsTest() {
    assertThat(Problems.of("never-listed", "Why.").status()).isEqualTo(422);
    assertThatThrownBy(() -> Problems.statusOf("never-listed"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("never-listed");
  }

  @Test
  void shouldListStatusesOfRefusalsOnly() {
    for (String code : Problems.codes()) {
      assertThat(Problems.statusOf(code)).as(code).isBetween(400, 599);
      assertThat(code).matches("[a-z]+(-[a-z]+)*");
    }
  }
}
