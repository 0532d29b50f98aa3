package io.twinloop.integrations.outbound;

import com.typesafe.config.Config;
import io.twinloop.domain.Secret;
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

  /** How the connection is made secure. */
  enum Security {
    STARTTLS,
    TLS,
    NONE
  }

  SmtpSettings {
    recipients = Map.copyOf(recipients);
    if (!host.isEmpty()) {
      check(port > 0 && port < 65_536, "port", "from 1 to 65535", port);
      check(from.contains("@"), "from", "the address that mails come from", from);
      check(!timeout.isZero() && !timeout.isNegative(), "timeout", "longer than nothing", timeout);
      check(user.isEmpty() == password.isEmpty(), "password", "given with user, and only then", "");
      check(
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

  private static void check(boolean fine, String key, String expected, Object value) {
    if (!fine) {
      throw new IllegalArgumentException(
          "%s.%s must be %s, not '%s'".formatted(PATH, key, expected, value));
    }
  }
}
