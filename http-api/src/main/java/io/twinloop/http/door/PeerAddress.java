package io.twinloop.http.door;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.pekko.http.javadsl.model.AttributeKeys;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.RemoteAddress;

/**
 * The address a request came from: of the connection, or, behind a proxy that is trusted, the last
 * one in {@code X-Forwarded-For} that is none of the trusted proxies'. The lines of that header are
 * one list: some proxies add to the line that came, others add a line.
 */
public final class PeerAddress {

  private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  private static final Pattern IPV4 =
      Pattern.compile("(" + OCTET + "(?:\\." + OCTET + "){3})(?::[0-9]{1,5})?");
  private static final Pattern IPV6 =
      Pattern.compile("\\[?((?=.*:)[0-9a-fA-F:][0-9a-fA-F:.]{1,44})(?:](?::[0-9]{1,5})?)?");
  private static final int NETWORK_BYTES = 8;

  private final Set<InetAddress> trustedProxies;

  /**
   * @throws IllegalArgumentException for what is no address
   */
  public PeerAddress(Collection<String> trustedProxies) {
    Set<InetAddress> addresses = new HashSet<>();
    for (String proxy : trustedProxies) {
      addresses.add(
          literal(proxy)
              .orElseThrow(() -> new IllegalArgumentException("'" + proxy + "' is no IP address")));
    }
    this.trustedProxies = Set.copyOf(addresses);
  }

  /** The address as text, empty when nothing is known of it. */
  public String of(HttpRequest request) {
    Optional<InetAddress> peer =
        request.getAttribute(AttributeKeys.remoteAddress).flatMap(RemoteAddress::getAddress);
    if (!trustedProxies.isEmpty() && peer.isPresent() && trustedProxies.contains(peer.get())) {
      return forwarded(request).or(() -> peer).get().getHostAddress();
    }
    return peer.map(InetAddress::getHostAddress).orElse("");
  }

  private Optional<InetAddress> forwarded(HttpRequest request) {
    List<String> hops = new ArrayList<>();
    for (HttpHeader header : request.getHeaders()) {
      if (header.is("x-forwarded-for")) {
        hops.addAll(Arrays.asList(header.value().split(",", -1)));
      }
    }
    for (int i = hops.size() - 1; i >= 0; i--) {
      Optional<InetAddress> hop = literal(hops.get(i).strip());
      if (hop.isEmpty() || !trustedProxies.contains(hop.get())) {
        return hop;
      }
    }
    return Optional.empty();
  }

  /** An address in text, also with a port or in brackets; no name is ever asked for. */
  private static Optional<InetAddress> literal(String text) {
    Matcher ipv4 = IPV4.matcher(text);
    Matcher ipv6 = IPV6.matcher(text);
    Optional<String> address =
        ipv4.matches()
            ? Optional.of(ipv4.group(1))
            : ipv6.matches() ? Optional.of(ipv6.group(1)) : Optional.empty();
    try {
      return address.isPresent()
          ? Optional.of(InetAddress.getByName(address.get()))
          : Optional.empty();
    } catch (UnknownHostException notAnAddress) {
      return Optional.empty();
    }
  }

  /**
   * By what addresses are told apart when they are counted: IPv6 by its network of 64 bits, of
   * which one subscriber has all the addresses.
   */
  public static String countedAs(InetAddress address) {
    return address instanceof Inet6Address
        ? HexFormat.of().formatHex(Arrays.copyOf(address.getAddress(), NETWORK_BYTES)) + "/64"
        : address.getHostAddress();
  }

  /** The same of an address in text, as {@link #of} gives it. */
  public static String countedAs(String address) {
    return address.indexOf(':') < 0
        ? address
        : literal(address).map(PeerAddress::countedAs).orElse(address);
  }
}
