package io.twinloop.domain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class SecretTest {

  private record Login(String user, Secret password) {}

  @Test
  void shouldPrintAsStarsWhereverItGetsTo() {
    Login login = new Login("ada", Secret.of("correct horse"));

    assertThat(login).hasToString("Login[user=ada, password=***]");
    assertThat("%s".formatted(login.password())).isEqualTo("***");
    assertThat(login.password().reveal()).isEqualTo("correct horse");
  }

  @Test
  void shouldNotStandInJson() throws JsonProcessingException {
    assertThat(new ObjectMapper().writeValueAsString(Secret.of("correct horse")))
        .doesNotContain("correct");
  }

  @Test
  void shouldBeEqualByValue() {
    assertThat(Secret.of("a")).isEqualTo(Secret.of("a")).hasSameHashCodeAs(Secret.of("a"));
    assertThat(Secret.of("a")).isNotEqualTo(Secret.of("b")).isNotEqualTo("a");
  }

  @Test
  void shouldSayWhenThereIsNone() {
    assertThat(Secret.of("").isEmpty()).isTrue();
    assertThat(Secret.of("")).hasToString("");
    assertThat(Secret.of("a").isEmpty()).isFalse();
  }
}
