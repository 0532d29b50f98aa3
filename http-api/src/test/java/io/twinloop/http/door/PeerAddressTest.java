package io.twinloop.http.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.pekko.http.javadsl.model.AttributeKeys;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.RemoteAddress;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom a proxy names, and whom it only passes on. */
class PeerAddressTest {

  private static final PeerAddress BEHIND_PROXIES = new PeerAddress(Set.of("10.0.0.1", "::1"));

  private static HttpRequest from(String peer, String... forwarded) throws UnknownHostException {
    List<HttpHeader> lines = new ArrayList<>();
    for (String line : forwarded) {
      lines.add(RawHeader.create("X-Forwarded-For", line));
    }
    return HttpRequest.create()
        .withHeaders(lines)
        .addAttribute(
            AttributeKeys.remoteAddress, RemoteAddress.create(InetAddress.getByName(peer)));
  }

  @Test
  void shouldTakeTheLastHopThatIsNoProxyWhereverTheLinesBreak() throws UnknownHostException {
    String caller = "192.0.2.7";

    for (String[] lines :
        new String[][] {
          {"198.51.100.1, " + caller},
          {"198.51.100.1", caller},
          {"198.51.100.1", "198.51.100.2, " + caller + ", 10.0.0.1"},
          {"198.51.100.1", caller, "10.0.0.1"},
        }) {
      assertThat(BEHIND_PROXIES.of(from("10.0.0.1", lines))).isEqualTo(caller);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.7:5123, 192.0.2.7",
    "2001:db8::7, 2001:db8:0:0:0:0:0:7",
    "[2001:db8::7], 2001:db8:0:0:0:0:0:7",
    "[2001:DB8::7]:443, 2001:db8:0:0:0:0:0:7",
    "::ffff:192.0.2.7, 192.0.2.7",
  })
  void shouldReadAddressesInAnyForm(String written, String address) throws UnknownHostException {
    assertThat(BEHIND_PROXIES.of(from("0:0:0:0:0:0:0:1", written))).isEqualTo(address);
  }

  @ParameterizedTest
  @ValueSource(strings = {"unknown", "", "256.1.1.1", "dead.beef", "192.0.2", "proxy.example"})
  void shouldNameTheProxyWhereItNamesNoAddress(String written) throws UnknownHostException {
    assertThat(BEHIND_PROXIES.of(from("10.0.0.1", "192.0.2.7", written))).isEqualTo("10.0.0.1");
  }

  @Test
  void shouldBelieveNobodyElse() throws UnknownHostException {
    assertThat(BEHIND_PROXIES.of(from("192.0.2.9", "192.0.2.7"))).isEqualTo("192.0.2.9");
    assertThat(BEHIND_PROXIES.of(HttpRequest.create())).isEmpty();
  }

  @Test
  void shouldCountANetworkOfIpv6AsOne() {
    assertThat(PeerAddress.countedAs("2001:db8:0:1::7"))
        .isEqualTo(PeerAddress.countedAs("2001:db8:0:1:ffff::9"))
        .isNotEqualTo(PeerAddress.countedAs("2001:db8:0:2::7"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "twinloop.http.door.trusted-proxies = [\"proxy.example\"] | trusted-proxies",
        "twinloop.http.door.connections-per-address = 513 | connections-per-address",
        "twinloop.http.max-connections = 2047 | connections-per-address",
      })
  void shouldNameTheSettingThatIsWrong(String setting, String key) {
    assertThatThrownBy(
            () ->
                DoorSettings.from(
                    ConfigFactory.parseString(setting).withFallback(ConfigFactory.load())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twinloop.http.door." + key);
  }

  @Test
  void shouldLetOneProxyOpenMoreConnections() {
    DoorSettings settings =
        DoorSettings.from(
            ConfigFactory.parseString(
                    "twinloop.http.door { connections-per-address = 2048, trusted-proxies ="
                        + " [\"::1\"] }")
                .withFallback(ConfigFactory.load()));

    assertThat(settings.connectionsPerAddress()).isEqualTo(2048);
  }
}
