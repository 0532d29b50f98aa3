package io.twinloop.integrations.http;

import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Says where calls may go: to public addresses over http and https, and to what the operator
 * allows.
 *
 * <p>An address is judged by its bytes, after names were resolved, so that no spelling of a host
 * and no name server leads past the rules. The refused blocks are those of the IANA registries of
 * special-purpose addresses, and the addresses where cloud providers hand out credentials. IPv6
 * addresses that carry an IPv4 address are judged by that one too.
 */
public final class EgressPolicy {

  private record Refused(AddressBlock block, String name) {}

  private static final List<Refused> REFUSED =
      List.of(
          refused("0.0.0.0/8", "unspecified"),
          refused("10.0.0.0/8", "private"),
          refused("100.64.0.0/10", "carrier's private"),
          refused("127.0.0.0/8", "loopback"),
          refused("169.254.0.0/16", "link-local or metadata"),
          refused("172.16.0.0/12", "private"),
          refused("192.0.0.0/24", "special-purpose or metadata"),
          refused("192.0.2.0/24", "documentation"),
          refused("192.88.99.0/24", "6to4 relay"),
          refused("192.168.0.0/16", "private"),
          refused("198.18.0.0/15", "benchmarking"),
          refused("198.51.100.0/24", "documentation"),
          refused("203.0.113.0/24", "documentation"),
          refused("168.63.129.16/32", "metadata"),
          refused("224.0.0.0/4", "multicast"),
          refused("240.0.0.0/4", "reserved or broadcast"),
          refused("::/128", "unspecified"),
          refused("::1/128", "loopback"),
          refused("::/96", "reserved"),
          refused("64:ff9b:1::/48", "private translation"),
          refused("100::/64", "discard-only"),
          refused("2001::/23", "special-purpose or tunnel"),
          refused("2001:db8::/32", "documentation"),
          refused("2002::/16", "6to4 tunnel"),
          refused("3fff::/20", "documentation"),
          refused("5f00::/16", "segment routing"),
          refused("fc00::/7", "private or metadata"),
          refused("fe80::/10", "link-local"),
          refused("fec0::/10", "site-local"),
          refused("ff00::/8", "multicast"));

  // Blocks whose last four bytes are an IPv4 address: translated (SIIT) and NAT64. Java itself
  // turns
  // mapped addresses (::ffff:0:0/96) into IPv4 ones.
  private static final List<AddressBlock> CARRIES_IPV4 =
      List.of(AddressBlock.of("::ffff:0:0:0/96"), AddressBlock.of("64:ff9b::/96"));

  private static final Pattern HOST_AND_PORT =
      Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+]):([0-9]{1,5})");

  /** What may be read as an address: decimal, octal, hexadecimal numbers, one to four of them. */
  private static final Pattern NUMBERS =
      Pattern.compile("(0[xX][0-9A-Fa-f]*|[0-9]+)(\\.(0[xX][0-9A-Fa-f]*|[0-9]+))*\\.?");

  private static final Pattern CANONICAL_IPV4 =
      Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");

  private final Set<String> allowedHosts;
  private final List<AddressBlock> allowedBlocks;

  private EgressPolicy(Set<String> allowedHosts, List<AddressBlock> allowedBlocks) {
    this.allowedHosts = Set.copyOf(allowedHosts);
    this.allowedBlocks = List.copyOf(allowedBlocks);
  }

  /** Public addresses only. */
  public static EgressPolicy publicOnly() {
    return allowing("");
  }

  /**
   * Public addresses and what the list names.
   *
   * @param list comma-separated {@code host:port} and {@code address/bits}, may be empty
   * @throws IllegalArgumentException quoting the entry that is neither
   */
  public static EgressPolicy allowing(String list) {
    Set<String> hosts = new HashSet<>();
    List<AddressBlock> blocks = new ArrayList<>();
    for (String part : list.split(",", -1)) {
      String entry = part.strip();
      if (entry.indexOf('/') >= 0) {
        blocks.add(AddressBlock.of(entry));
      } else if (HOST_AND_PORT.matcher(entry).matches()) {
        int colon = entry.lastIndexOf(':');
        hosts.add(key(entry.substring(0, colon), Integer.parseInt(entry.substring(colon + 1))));
      } else if (!entry.isEmpty()) {
        throw new IllegalArgumentException(
            "Expected host:port or an address block like 10.20.0.0/16 in twinloop.egress.allow,"
                + " not '"
                + entry
                + "'");
      }
    }
    return new EgressPolicy(hosts, blocks);
  }

  /** Why this address of the web may not be called at all, before its host is resolved. */
  public Optional<String> refusal(URI endpoint) {
    String scheme = String.valueOf(endpoint.getScheme()).toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      return Optional.of("only http and https may be called, not " + scheme);
    }
    if (endpoint.getHost() == null || endpoint.getHost().isEmpty()) {
      return Optional.of("it names no host");
    }
    if (NUMBERS.matcher(endpoint.getHost()).matches()
        && !CANONICAL_IPV4.matcher(endpoint.getHost()).matches()) {
      return Optional.of("its host is a number that not everybody reads as the same address");
    }
    if (endpoint.getRawUserInfo() != null) {
      return Optional.of("credentials may not stand in an address");
    }
    return Optional.empty();
  }

  /**
   * Why a connection to this address may not be opened.
   *
   * @param host as the call names it
   * @param port the port that is connected to
   * @param address what the name resolved to, and what is connected to
   */
  public Optional<String> refusal(String host, int port, InetAddress address) {
    if (allowedHosts.contains(key(host, port))) {
      return Optional.empty();
    }
    return refusal(address.getAddress())
        .map(
            kind ->
                "%s is a %s address and twinloop.egress.allow doesn't name it"
                    .formatted(address.getHostAddress(), kind));
  }

  private Optional<String> refusal(byte[] address) {
    if (allowedBlocks.stream().anyMatch(block -> block.contains(address))) {
      return Optional.empty();
    }
    Optional<String> refused =
        REFUSED.stream()
            .filter(entry -> entry.block().contains(address))
            .map(Refused::name)
            .findFirst();
    return refused.isEmpty() && CARRIES_IPV4.stream().anyMatch(block -> block.contains(address))
        ? refusal(Arrays.copyOfRange(address, 12, 16))
        : refused;
  }

  private static String key(String host, int port) {
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    // One spelling for each address: IPv6 can be written in many ways.
    String name =
        AddressBlock.literal(bare).map(Arrays::toString).orElse(bare.toLowerCase(Locale.ROOT));
    return name + ":" + port;
  }

  private static Refused refused(String cidr, String name) {
    return new Refused(AddressBlock.of(cidr), name);
  }
}
