package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What speaks against a start is said before anything is started. */
class SettingsCheckTest {

  private static final String KEY =
      "twinloop.personal-data.key = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n";

  @Test
  void shouldFindNothingWrongWithTheSettingsAsTheyAre() {
    assertThatCode(() -> read(KEY)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "twinloop.identity.jwt-secret = short | TWINLOOP_JWT_SECRET",
        "twinloop.http.port = 70000 | port",
        "twinloop.http.tls.certificate = /nowhere.pem | certificate",
        "twinloop.remoting.tls.certificate = /nowhere.pem | twinloop.remoting.tls",
        "twinloop.egress.allow = \"not an address!\" | twinloop.egress.allow",
        "twinloop.secrets.hosts.erp = one.example | must be a list of hosts",
      })
  void shouldRefuseWhatNoNodeCanRunWith(String setting, String place) {
    assertThatThrownBy(() -> read(KEY + setting)).hasMessageContaining(place);
  }

  /**
   * The launcher says by system properties where the servers are that it starts after the check.
   */
  @Test
  void shouldLetSystemPropertiesBeSetAfterwards() {
    String property = "twinloop.http.host";
    System.setProperty("twinloop.personal-data.key", "A".repeat(43) + "=");
    try {
      Main.check(new String[] {"--port", "0"});
      System.setProperty(property, "127.9.9.9");

      assertThat(Configuration.load(ConfigFactory.empty()).getString(property))
          .isEqualTo("127.9.9.9");
    } finally {
      System.clearProperty(property);
      System.clearProperty("twinloop.personal-data.key");
      ConfigFactory.invalidateCaches();
    }
  }

  private static void read(String settings) {
    SettingsCheck.read(
        ConfigFactory.parseString(settings).withFallback(ConfigFactory.load()).resolve());
  }
}
