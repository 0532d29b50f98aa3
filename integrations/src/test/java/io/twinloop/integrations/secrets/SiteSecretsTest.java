package io.twinloop.integrations.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SiteSecretsTest {

  @TempDir private Path folder;

  @Test
  void shouldFindASecretInTheEnvironmentAFileOrTheFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("anywhere"), "from a file\n");
    Files.writeString(folder.resolve("erp.key"), "from the folder\n");
    Files.writeString(folder.resolve("both"), "from the folder");
    SiteSecrets secrets =
        secrets(
            Map.of(
                "TWINLOOP_SECRET_ERP_TOKEN", "from the environment",
                "TWINLOOP_SECRET_CRM_FILE", file.toString(),
                "TWINLOOP_SECRET_BOTH", "from the environment"));

    assertThat(secrets.find("erp-token")).contains(Secret.of("from the environment"));
    assertThat(secrets.find("crm")).contains(Secret.of("from a file"));
    assertThat(secrets.find("erp.key")).contains(Secret.of("from the folder"));
    assertThat(secrets.find("both")).contains(Secret.of("from the environment"));
    assertThat(secrets.find("nobody")).isEmpty();
  }

  @Test
  void shouldSeeASecretThatWasReplaced() throws IOException {
    SiteSecrets secrets = secrets(Map.of());
    Files.writeString(folder.resolve("erp"), "old");
    assertThat(secrets.find("erp")).contains(Secret.of("old"));

    Files.writeString(folder.resolve("erp"), "new");

    assertThat(secrets.find("erp")).contains(Secret.of("new"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../outside", "..", "sub/erp", "/etc/passwd", "", "a\u0000", ".hidden"})
  void shouldNotLeaveTheFolder(String name) throws IOException {
    Files.createDirectories(folder.resolve("sub"));
    Files.writeString(folder.resolve("sub").resolve("erp"), "treasure");
    Files.writeString(folder.resolve(".hidden"), "treasure");
    Files.writeString(folder.resolveSibling("outside"), "treasure");
    try {
      assertThat(secrets(Map.of()).find(name)).isEmpty();
    } finally {
      Files.delete(folder.resolveSibling("outside"));
    }
  }

  @Test
  void shouldTakeNeitherAFolderNorAHugeFileForASecret() throws IOException {
    Files.createDirectories(folder.resolve("sub"));
    Files.write(folder.resolve("huge"), new byte[70_000]);
    Files.writeString(folder.resolve("empty"), "\n");

    assertThat(secrets(Map.of()).find("sub")).isEmpty();
    assertThat(secrets(Map.of()).find("huge")).isEmpty();
    assertThat(secrets(Map.of()).find("empty")).isEmpty();
  }

  @Test
  void shouldKnowWhereASecretMayGo() {
    SiteSecrets secrets =
        SiteSecrets.from(
            ConfigFactory.parseString(
                    "twinloop.secrets.hosts { \"erp.key\" = [ERP.acme.example, \"10.0.0.1\"] }")
                .withFallback(ConfigFactory.load()));

    assertThat(secrets.mayGoTo("erp.key", "erp.ACME.example")).isTrue();
    assertThat(secrets.mayGoTo("erp.key", "evil.example")).isFalse();
    assertThat(secrets.mayGoTo("crm", "anywhere.example")).isTrue();
    assertThatThrownBy(
            () ->
                SiteSecrets.from(
                    ConfigFactory.parseString("twinloop.secrets.hosts { erp = one.example }")
                        .withFallback(ConfigFactory.load())))
        .hasMessageContaining("twinloop.secrets.hosts.\"erp\" must be a list");
  }

  @ParameterizedTest
  @ValueSource(strings = {"erp-key", "ERP.KEY", "erp_key", "Erp-Key"})
  void shouldKeepASecretAtHomeHoweverItsNameIsSpelt(String name) {
    SiteSecrets secrets =
        SiteSecrets.from(
            ConfigFactory.parseString(
                    """
                    twinloop.secrets.hosts {
                      "erp-key" = [one.example, both.example]
                      "erp.key" = [both.example]
                    }""")
                .withFallback(ConfigFactory.load()));

    assertThat(secrets.mayGoTo(name, "both.example")).isTrue();
    assertThat(secrets.mayGoTo(name, "one.example")).isFalse();
    assertThat(secrets.mayGoTo(name, "evil.example")).isFalse();
  }

  private SiteSecrets secrets(Map<String, String> environment) {
    return new SiteSecrets(environment, folder.toString(), Map.of());
  }
}
