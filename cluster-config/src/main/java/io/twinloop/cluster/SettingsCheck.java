package io.twinloop.cluster;

import com.typesafe.config.Config;
import io.twinloop.http.HttpSettings;
import io.twinloop.http.door.DoorSettings;
import io.twinloop.http.identity.IdentitySettings;
import io.twinloop.http.limits.LimitSettings;
import io.twinloop.http.operations.ManagementSettings;
import io.twinloop.http.tls.ServerTls;
import io.twinloop.integrations.http.EgressSettings;
import io.twinloop.integrations.outbound.SenderSettings;
import io.twinloop.integrations.secrets.SiteSecrets;
import io.twinloop.projections.ProjectionSettings;
import io.twinloop.projections.audit.AuditSettings;
import io.twinloop.projections.personaldata.PersonalDataSettings;
import io.twinloop.projections.retention.RetentionSettings;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;

/**
 * Reads every setting once before anything is started: a node that can't run as it is told joins no
 * cluster, takes no work from others and sends nothing. PostgreSQL and Kafka are not looked at, as
 * the launcher may yet start them.
 */
final class SettingsCheck {

  private static final List<Function<Config, ?>> SETTINGS =
      List.of(
          NodeSettings::of,
          config -> Remoting.secured(config, Instant.now()),
          IdentitySettings::from,
          HttpSettings::from,
          config ->
              HttpSettings.from(config).tls().map(tls -> ServerTls.load(tls, Clock.systemUTC())),
          DoorSettings::from,
          LimitSettings::from,
          ManagementSettings::from,
          AuditSettings::from,
          PersonalDataSettings::of,
          EgressSettings::from,
          SiteSecrets::from,
          SenderSettings::from,
          ProjectionSettings::of,
          RetentionSettings::of);

  private SettingsCheck() {}

  /**
   * @throws RuntimeException with one sentence about the first setting that can't be
   */
  static void read(Config config) {
    for (Function<Config, ?> settings : SETTINGS) {
      var unused = settings.apply(config); // whoever needs them reads them again
    }
  }
}
