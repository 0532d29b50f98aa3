package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostgresSettingsTest {

  private static final String URL = "twinloop.persistence.postgres.url";

  @Test
  void shouldTakeTheDefaultsOfTheModule() {
    PostgresSettings settings = PostgresSettings.read(ConfigFactory.load());

    assertThat(settings.host()).isEqualTo("127.0.0.1");
    assertThat(settings.port()).isEqualTo(5432);
    assertThat(settings.jdbcUrl())
        .isEqualTo("jdbc:postgresql://127.0.0.1:5432/twinloop?sslmode=disable&connectTimeout=2");
  }

  @Test
  void shouldTakeEverythingFromAUrl() {
    PostgresSettings settings =
        read(URL, "postgresql://an%40n:p%3Aw+d@db.example:6543/loop?sslmode=require");

    assertThat(settings.host()).isEqualTo("db.example");
    assertThat(settings.port()).isEqualTo(6543);
    assertThat(settings.database()).isEqualTo("loop");
    assertThat(settings.user()).isEqualTo("an@n");
    assertThat(settings.password()).isEqualTo("p:w+d");
    assertThat(settings.tls().mode()).isEqualTo("require");
  }

  @Test
  void shouldFillInWhatAUrlLeavesOut() {
    PostgresSettings settings = read(URL, "postgres://db.example");

    assertThat(settings.host()).isEqualTo("db.example");
    assertThat(settings.port()).isEqualTo(5432);
    assertThat(settings.database()).isEqualTo("twinloop");
    assertThat(settings.user()).isEqualTo("twinloop");
  }

  @ParameterizedTest
  @CsvSource({
    "port, 70000",
    "host, ''",
    "database, ' '",
    "user, ''",
    "ssl-mode, perhaps",
    "connect-timeout, 0s",
    "io-threads, 0",
    "url, mysql://db.example/loop",
    "url, postgresql:///loop",
    "url, postgresql://db.example/loop?fast=true"
  })
  void shouldNameTheKeyThatCannotBeUsed(String key, String value) {
    assertThatThrownBy(() -> read("twinloop.persistence.postgres." + key, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twinloop.persistence.postgres." + key);
  }

  @Test
  void shouldNameTheKeyOfTheWrongType() {
    assertThatThrownBy(() -> read("twinloop.persistence.postgres.port", "five"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("twinloop.persistence.postgres.port");
  }

  @Test
  void shouldNameTheKeyOfTheJournalThatMustBePositive() {
    Config config =
        ConfigFactory.parseString("twinloop.persistence.journal.flush-rows = 0")
            .withFallback(ConfigFactory.load());

    assertThatThrownBy(() -> PersistenceSettings.read(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("twinloop.persistence.journal.flush-rows must be positive, but is '0'.");
  }

  @Test
  void shouldShowNoPassword() {
    assertThat(read(URL, "postgresql://ann:secret@db.example/loop").toString())
        .doesNotContain("secret");
    assertThatThrownBy(() -> read(URL, "mysql://ann:secret@db.example/loop"))
        .message()
        .doesNotContain("secret");
  }

  private static PostgresSettings read(String key, String value) {
    return PostgresSettings.read(
        ConfigFactory.parseMap(java.util.Map.of(key, value)).withFallback(ConfigFactory.load()));
  }
}
