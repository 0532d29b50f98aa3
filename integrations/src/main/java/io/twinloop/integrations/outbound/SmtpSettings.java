package io.twinloop.integrations.outbound;

import com.typesafe.config.Config;
import io.twinloop.domain.Secret;
import io.twinloop.domain.SettingsUnder;
import java.time.Duration;
import java.util.Map;

/**
 * The settings {@code twinloop.outbound.smtp}, each explained in {@code reference.conf}.
 *
 * @param host empty when there is no mail server
 * @param recipients addresses by the names that workflows use
 */
record SmtpSettings(
    String host,
    int port,
    Security security,
    String user,
    Secret password,
    String from,
    Duration timeout,
    Map<String, String> recipients) {

  private static final String PATH = "twinloop.outbound.smtp";
  private static final SettingsUnder SETTINGS = new SettingsUnder(PATH);

  /** How the connection is made secure. */
  enum Security {
    STARTTLS,
    TLS,
    NONE
  }

  SmtpSettings {
    recipients = Map.copyOf(recipients);
    if (!host.isEmpty()) {
      SETTINGS.check(port > 0 && port < 65_536, "port", "from 1 to 65535", port);
      SETTINGS.check(from.contains("@"), "from", "the address that mails come from", from);
      SETTINGS.checkPositive(timeout, "timeout");
      SETTINGS.check(
          user.isEmpty() == password.isEmpty(),
          "password",
          "given with user, and only then",
          "one of them alone");
      SETTINGS.check(
          security != Security.NONE || password.isEmpty(),
          "security",
          "starttls or tls where there is a password",
          "none");
    }
  }

  static SmtpSettings from(Config application) {
    Config config = application.getConfig(PATH);
    return new SmtpSettings(
        config.getString("host"),
        config.getInt("port"),
        config.getEnum(Security.class, "security"),
        config.getString("user"),
        Secret.of(config.getString("password")),
        config.getString("from"),
        config.getDuration("timeout"),
        OutboundConfig.texts(config, "recipients"));
  }
}
