package io.twinloop.http.door;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.pekko.http.javadsl.model.AttributeKeys;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.RemoteAddress;

/**
 * The address a request came from: of the connection, or, behind a proxy that is trusted, the last
 * one in {@code X-Forwarded-For} that is none of the trusted proxies'.
 */
public final class PeerAddress {

  private static final Pattern ADDRESS = Pattern.compile("[0-9a-fA-F:.]{2,45}");
  private static final int NETWORK_BYTES = 8;

  private final Set<String> trustedProxies;

  public PeerAddress(Set<String> trustedProxies) {
    this.trustedProxies = Set.copyOf(trustedProxies);
  }

  /** The address as text, empty when nothing is known of it. */
  public String of(HttpRequest request) {
    String peer =
        request
            .getAttribute(AttributeKeys.remoteAddress)
            .flatMap(RemoteAddress::getAddress)
            .map(InetAddress::getHostAddress)
            .orElse("");
    return trustedProxies.contains(peer) ? forwarded(request).orElse(peer) : peer;
  }

  private Optional<String> forwarded(HttpRequest request) {
    String[] hops =
        request
            .getHeader("x-forwarded-for")
            .map(header -> header.value().split(",", -1))
            .orElse(new String[0]);
    for (int i = hops.length - 1; i >= 0; i--) {
      String hop = hops[i].strip();
      if (!ADDRESS.matcher(hop).matches()) {
        return Optional.empty();
      }
      if (!trustedProxies.contains(hop)) {
        return Optional.of(hop);
      }
    }
    return Optional.empty();
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
    if (address.indexOf(':') < 0 || !ADDRESS.matcher(address).matches()) {
      return address;
    }
    try {
      return countedAs(InetAddress.getByName(address)); // a literal: no name is asked for
    } catch (UnknownHostException notAnAddress) {
      return address;
    }
  }
}
