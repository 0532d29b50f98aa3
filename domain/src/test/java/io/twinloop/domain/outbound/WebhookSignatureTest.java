package io.twinloop.domain.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.Secret;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class WebhookSignatureTest {

  private static final Instant AT = Instant.ofEpochSecond(1_772_366_400);

  /** {@code printf '1772366400.{"a":1}' | openssl dgst -sha256 -hmac secret} says the same. */
  @Test
  void shouldSignTheTimeAndTheBody() {
    assertThat(WebhookSignature.of("{\"a\":1}", AT, List.of(Secret.of("secret"))))
        .isEqualTo(
            "t=1772366400,v1=d8672815ca4380560f22aa75717125a02bb80047d106e2eba68339fe06346243");
  }

  @Test
  void shouldSignWithBothSecretsWhileOneIsReplaced() {
    String both = WebhookSignature.of("é", AT, List.of(Secret.of("new"), Secret.of("old")));
    String oldOnly = WebhookSignature.of("é", AT, List.of(Secret.of("old")));

    assertThat(both).matches("t=1772366400,v1=[0-9a-f]{64},v1=[0-9a-f]{64}");
    assertThat(both).endsWith(oldOnly.substring(oldOnly.indexOf(",v1=")));
  }

  @Test
  void shouldNotSignWithNothing() {
    assertThatThrownBy(() -> WebhookSignature.of("x", AT, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
