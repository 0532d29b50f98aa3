package io.twinloop.http.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the settings of the login allow, and what they refuse at start. */
class IdentitySettingsTest {

  @Test
  void shouldAskForNoLoginUntilThereIsAKeyForTokens() {
    IdentitySettings settings = IdentitySettings.from(ConfigFactory.load());

    assertThat(settings.requiresLogin()).isFalse();
    assertThat(Login.of(settings, Optional.empty(), ApiKeyCheck.NONE, Clock.systemUTC()))
        .isSameAs(Authenticator.OFF);
    assertThat(TestTokens.settings().requiresLogin()).isTrue();
    assertThat(
            TestTokens.settings(
                    "twinloop.identity { jwt-secret = \"\", jwks-url = \"https://a.example/k\" }")
                .requiresLogin())
        .isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "jwt-secret = dev-secret-change-in-production|jwt-secret",
        "jwt-secret = \"  Dev-Secret-Change-In-Production  \"|jwt-secret",
        "jwt-secret = dev-secret-change-in-production-dev-secret-change-in-production|jwt-secret",
        "jwt-secret = \"31 bytes are one byte too few..\"|jwt-secret",
        "jwt-secret = short|jwt-secret",
        "jwks-url = \"ftp://a.example/keys\"|jwks-url",
        "jwks-url = \"a.example/keys\"|jwks-url",
        "jwks-url = \"https://a b\"|jwks-url",
        "issuer = \" \"|issuer",
        "audiences = \"\"|audiences",
        "audiences = \"a,,b\"|audiences",
        "leeway = -1s|leeway",
        "leeway = 1h|leeway",
        "jwks-refresh = 0s|jwks-refresh",
        "jwks-pause = 0s|jwks-pause",
        "api-key-memory = 0s|api-key-memory",
        "units-memory = 0s|units-memory",
      })
  void shouldRefuseASettingNamingItsKey(String setting, String key) {
    assertThatThrownBy(() -> TestTokens.settings("twinloop.identity { " + setting + " }"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twinloop.identity." + key);
  }

  @Test
  void shouldNotTellASecretItRefuses() {
    assertThatThrownBy(() -> TestTokens.settings("twinloop.identity.jwt-secret = my-short-one"))
        .hasMessageNotContaining("my-short-one")
        .hasMessageContaining("TWINLOOP_JWT_SECRET");
    assertThat(TestTokens.settings().toString()).doesNotContain(TestTokens.SECRET);
  }
}
