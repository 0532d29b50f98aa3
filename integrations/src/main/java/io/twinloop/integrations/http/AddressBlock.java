package io.twinloop.integrations.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;

/** A block of IP addresses in CIDR form, {@code 10.0.0.0/8} or {@code fc00::/7}. */
final class AddressBlock {

  // Only what is an address without asking a name server.
  private static final Pattern LITERAL =
      Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  private final byte[] network;
  private final int prefix;

  private AddressBlock(byte[] network, int prefix) {
    this.network = network;
    this.prefix = prefix;
  }

  /** Reads {@code address/bits}; bits behind the prefix must be zero. */
  static AddressBlock of(String cidr) {
    int slash = cidr.indexOf('/');
    Optional<byte[]> network = slash < 0 ? Optional.empty() : literal(cidr.substring(0, slash));
    String bits = cidr.substring(slash + 1);
    if (network.isEmpty() || !bits.matches("[0-9]{1,3}")) {
      throw bad(cidr);
    }
    int prefix = Integer.parseInt(bits);
    if (prefix > network.get().length * 8) {
      throw bad(cidr);
    }
    AddressBlock block = new AddressBlock(network.get(), prefix);
    for (int bit = prefix; bit < network.get().length * 8; bit++) {
      if (isSet(network.get(), bit)) {
        throw bad(cidr);
      }
    }
    return block;
  }

  /** The bytes of an address written out, or empty for a name. */
  static Optional<byte[]> literal(String text) {
    if (!LITERAL.matcher(text).matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.getByName(text).getAddress());
    } catch (UnknownHostException notAnAddress) {
      return Optional.empty();
    }
  }

  boolean contains(byte[] address) {
    if (address.length != network.length) {
      return false;
    }
    for (int bit = 0; bit < prefix; bit++) {
      if (isSet(address, bit) != isSet(network, bit)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSet(byte[] bytes, int bit) {
    return (bytes[bit / 8] & (0x80 >> (bit % 8))) != 0;
  }

  private static IllegalArgumentException bad(String cidr) {
    return new IllegalArgumentException(
        "Expected an address block like 10.20.0.0/16, not '" + cidr + "'");
  }
}
