package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.twinloop.domain.identity.KeySetSource;
import io.twinloop.http.identity.Authenticator;
import io.twinloop.http.identity.IdentitySettings;
import io.twinloop.http.identity.KeptApiKeys;
import io.twinloop.http.identity.KeySetFile;
import io.twinloop.http.identity.Login;
import io.twinloop.http.identity.Scopes;
import io.twinloop.integrations.http.EgressHttpClient;
import io.twinloop.integrations.http.EgressSettings;
import io.twinloop.integrations.http.KeySetOverHttp;
import io.twinloop.projections.Database;
import io.twinloop.projections.clock.ProductClock;
import io.twinloop.projections.identity.ApiKeys;
import io.twinloop.projections.organization.OwnUnits;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How callers of this node show who they are, with what reads the keys of their tokens. */
final class CallerLogin implements AutoCloseable {

  /** Nodes within the units of one manager: they are held in memory, some 100 bytes each. */
  private static final int MOST_WITHIN = 100_000;

  private static final String ALLOW = "twinloop.egress.allow";

  private final List<EgressHttpClient> opened = new ArrayList<>();
  private final KeptApiKeys apiKeys;
  private final Scopes scopes;
  private final Authenticator authenticator;

  CallerLogin(Config config, Database database, ProductClock productClock) {
    IdentitySettings settings = IdentitySettings.from(config);
    this.apiKeys =
        new KeptApiKeys(new ApiKeys(database), Clock.systemUTC(), settings.apiKeyMemory());
    OwnUnits units = new OwnUnits(database, productClock, MOST_WITHIN);
    this.scopes = new Scopes(units::of, settings.unitsMemory());
    this.authenticator =
        Login.of(
            settings,
            settings.keySet().map(address -> keySet(config, address)),
            apiKeys,
            Clock.systemUTC());
  }

  Authenticator authenticator() {
    return authenticator;
  }

  Scopes scopes() {
    return scopes;
  }

  KeptApiKeys apiKeys() {
    return apiKeys;
  }

  private KeySetSource keySet(Config config, URI address) {
    if (address.getScheme().toLowerCase(Locale.ROOT).equals("file")) {
      return new KeySetFile(Path.of(address));
    }
    EgressHttpClient http =
        new EgressHttpClient(EgressSettings.from(reaching(address, config)), Clock.systemUTC());
    opened.add(http);
    return new KeySetOverHttp(http, address);
  }

  /** The operator named this address, so it may be called wherever it is; nothing else may. */
  private static Config reaching(URI address, Config config) {
    boolean secure = address.getScheme().toLowerCase(Locale.ROOT).equals("https");
    int port = address.getPort() >= 0 ? address.getPort() : secure ? 443 : 80;
    String allowed = config.getString(ALLOW) + "," + address.getHost() + ":" + port;
    return config.withValue(ALLOW, ConfigValueFactory.fromAnyRef(allowed));
  }

  @Override
  public void close() {
    opened.forEach(EgressHttpClient::close);
  }
}
