package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.http.HttpSettings;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationTest {

  @TempDir Path folder;

  @Test
  void shouldTakeASettingFromTheFileItsVariableNames() throws IOException {
    Path password = Files.writeString(folder.resolve("password"), "s3cr3t ä\n");

    Config config =
        load(Map.of("TWINLOOP_POSTGRES_PASSWORD_FILE", password.toString(), "HOME_FILE", "none"));

    assertThat(PostgresSettings.read(config).password()).isEqualTo("s3cr3t ä");
    assertThat(config.root().keySet()).doesNotContain("TWINLOOP_POSTGRES_PASSWORD");
  }

  @Test
  void shouldReachTheSettingsOfEveryModule() throws IOException {
    Path port = Files.writeString(folder.resolve("port"), "8123");

    Config config = load(Map.of("TWINLOOP_HTTP_PORT_FILE", port.toString()));

    assertThat(HttpSettings.from(config).port()).isEqualTo(8123);
  }

  @Test
  void shouldLetTheCommandLineComeFirst() throws IOException {
    Path port = Files.writeString(folder.resolve("port"), "8123");

    Config config =
        Configuration.load(
            ConfigFactory.parseString("twinloop.http.port = 9000"),
            Map.of("TWINLOOP_HTTP_PORT_FILE", port.toString()));

    assertThat(HttpSettings.from(config).port()).isEqualTo(9000);
  }

  @Test
  void shouldRefuseAFileThatIsNotThere() {
    assertThatThrownBy(() -> load(Map.of("TWINLOOP_JWT_SECRET_FILE", folder + "/none")))
        .isInstanceOf(CannotStart.class)
        .hasMessage(
            "TWINLOOP_JWT_SECRET_FILE names the file '%s/none', which can't be read: there is none.",
            folder);
  }

  @Test
  void shouldRefuseAFolderAndAnEmptyFile() throws IOException {
    Path empty = Files.writeString(folder.resolve("empty"), "\n");

    assertThatThrownBy(() -> load(Map.of("TWINLOOP_X_FILE", folder.toString())))
        .hasMessageEndingWith("it is no file.");
    assertThatThrownBy(() -> load(Map.of("TWINLOOP_X_FILE", empty.toString())))
        .hasMessageEndingWith("it is empty.");
  }

  @Test
  void shouldRefuseAVariableGivenTwice() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "b");

    assertThatThrownBy(
            () -> load(Map.of("TWINLOOP_X", "quite secret", "TWINLOOP_X_FILE", file.toString())))
        .isInstanceOf(CannotStart.class)
        .hasMessage("TWINLOOP_X and TWINLOOP_X_FILE are both set: unset one of them.");
  }

  @Test
  void shouldNotRepeatAKeyThatStandsWhereItsFileShould() {
    assertThatThrownBy(
            () -> load(Map.of("TWINLOOP_X_FILE", "-----BEGIN PRIVATE KEY-----\nabc\n-----END")))
        .isInstanceOf(CannotStart.class)
        .hasMessageNotContaining("BEGIN")
        .hasMessageNotContaining("abc");
  }

  private static Config load(Map<String, String> environment) {
    return Configuration.load(ConfigFactory.empty(), environment);
  }
}
