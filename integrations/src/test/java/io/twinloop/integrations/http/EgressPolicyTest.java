package io.twinloop.integrations.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses may be called, whatever they are written like. */
class EgressPolicyTest {

  private static final EgressPolicy PUBLIC_ONLY = EgressPolicy.publicOnly();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450:4001:80b::200e",
        "64:ff9b::808:808",
      })
  void shouldAllowPublicAddresses(String address) throws UnknownHostException {
    assertThat(PUBLIC_ONLY.refusal("example.com", 443, InetAddress.getByName(address))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0,unspecified",
    "0.1.2.3,unspecified",
    "10.0.0.1,private",
    "10.255.255.255,private",
    "100.64.0.1,private",
    "100.100.100.200,private",
    "100.127.255.255,private",
    "127.0.0.1,loopback",
    "127.255.255.254,loopback",
    "169.254.169.254,metadata",
    "169.254.170.2,metadata",
    "172.16.0.1,private",
    "172.31.255.255,private",
    "192.0.0.192,metadata",
    "192.0.2.1,documentation",
    "192.88.99.1,relay",
    "192.168.0.1,private",
    "192.168.255.255,private",
    "168.63.129.16,metadata",
    "198.18.0.1,benchmarking",
    "198.19.255.255,benchmarking",
    "198.51.100.1,documentation",
    "203.0.113.1,documentation",
    "224.0.0.1,multicast",
    "239.255.255.255,multicast",
    "240.0.0.1,reserved",
    "255.255.255.255,broadcast",
    "::,unspecified",
    "::1,loopback",
    "fc00::1,private",
    "fd00:ec2::254,metadata",
    "fdff:ffff::1,private",
    "fe80::1,link-local",
    "febf::1,link-local",
    "fec0::1,site-local",
    "ff02::1,multicast",
    "2001:db8::1,documentation",
    "2001:0:1::1,tunnel",
    "2002:7f00:1::1,tunnel",
    "100::1,discard",
    "3fff::1,documentation",
    "64:ff9b:1::1,translation",
    "::ffff:127.0.0.1,loopback",
    "::ffff:10.0.0.1,private",
    "::ffff:a9fe:a9fe,metadata",
    "::127.0.0.1,reserved",
    "::8.8.8.8,reserved",
    "::ffff:0:7f00:1,loopback",
    "64:ff9b::7f00:1,loopback",
    "64:ff9b::a9fe:a9fe,metadata",
    "64:ff9b::10.0.0.1,private",
  })
  void shouldRefuseAddressesThatAreNotPublic(String address, String kind)
      throws UnknownHostException {
    assertThat(PUBLIC_ONLY.refusal("example.com", 443, InetAddress.getByName(address)))
        .hasValueSatisfying(reason -> assertThat(reason).contains(kind));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2130706433", "127.1", "127.0.1", "[::1]", "[::ffff:127.0.0.1]"})
  void shouldSeeThroughOtherSpellingsOfLoopback(String host) throws UnknownHostException {
    assertThat(PUBLIC_ONLY.refusal(host, 80, InetAddress.getByName(host)))
        .hasValueSatisfying(reason -> assertThat(reason).contains("loopback"));
  }

  @ParameterizedTest
  @CsvSource({
    "erp.internal:8443,erp.internal,8443,10.1.2.3,true",
    "erp.internal:8443,ERP.Internal,8443,10.1.2.3,true",
    "ERP.internal:8443,erp.internal,8443,10.1.2.3,true",
    "erp.internal:8443,erp.internal,443,10.1.2.3,false",
    "erp.internal:8443,other.internal,8443,10.1.2.3,false",
    "erp.internal:8443,10.1.2.3,8443,10.1.2.3,false",
    "127.0.0.1:9000,127.0.0.1,9000,127.0.0.1,true",
    "127.0.0.1:9000,localhost,9000,127.0.0.1,false",
    "[::1]:9000,::1,9000,::1,true",
    "[::1]:9000,[0:0:0:0:0:0:0:1],9000,::1,true",
    "10.0.0.0/8,any.name,1,10.1.2.3,true",
    "10.0.0.0/8,any.name,1,11.1.2.3,true",
    "10.1.0.0/16,any.name,1,10.2.0.1,false",
    "10.1.2.3/32,any.name,1,10.1.2.3,true",
    "10.1.2.3/32,any.name,1,10.1.2.4,false",
    "fd00:1::/32,any.name,1,fd00:1::5,true",
    "fd00:1::/32,any.name,1,fd00:2::5,false",
    "0.0.0.0/0,any.name,1,192.168.1.1,true",
    "0.0.0.0/0,any.name,1,fd00::1,false",
    "10.0.0.0/8,any.name,1,64:ff9b::10.1.2.3,true",
  })
  void shouldAllowWhatTheOperatorNames(
      String allow, String host, int port, String address, boolean allowed)
      throws UnknownHostException {
    assertThat(
            EgressPolicy.allowing(allow)
                .refusal(host, port, InetAddress.getByName(address))
                .isEmpty())
        .isEqualTo(allowed);
  }

  @Test
  void shouldTakeSeveralEntriesWithSpaces() throws UnknownHostException {
    EgressPolicy policy = EgressPolicy.allowing(" a.internal:80 , 10.0.0.0/8 ,");

    assertThat(policy.refusal("a.internal", 80, InetAddress.getByName("192.168.1.1"))).isEmpty();
    assertThat(policy.refusal("b", 80, InetAddress.getByName("10.0.0.1"))).isEmpty();
    assertThat(policy.refusal("b", 80, InetAddress.getByName("192.168.1.1"))).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "erp.internal",
        "10.0.0.1",
        "http://erp.internal:80",
        "erp.internal:port",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0.0/",
        "erp.internal/8",
        "fd00::/129",
        "*:80",
      })
  void shouldRefuseAnEntryItDoesNotUnderstand(String entry) {
    assertThatThrownBy(() -> EgressPolicy.allowing("a:1," + entry))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(entry);
  }

  @ParameterizedTest
  @CsvSource({
    "ftp://example.com/,http and https",
    "file:///etc/passwd,http and https",
    "jar:http://example.com!/x,http and https",
    "gopher://example.com/,http and https",
    "/relative,http and https",
    "http:///path,no host",
    "http://user:secret@example.com/,credentials",
  })
  void shouldRefuseOtherKindsOfAddresses(URI endpoint, String reason) {
    assertThat(PUBLIC_ONLY.refusal(endpoint))
        .hasValueSatisfying(text -> assertThat(text).contains(reason).doesNotContain("secret"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://example.com/", "HTTPS://example.com:8443/a?b=c"})
  void shouldAllowHttpAndHttps(URI endpoint) {
    assertThat(PUBLIC_ONLY.refusal(endpoint)).isEmpty();
  }
}
