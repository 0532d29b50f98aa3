package io.twinloop.integrations.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;

/**
 * Resolves names to those of their addresses that may be called. What it returns is what the client
 * connects to, so nothing can change in between.
 */
final class CheckedNames implements DnsResolver {

  /** No address of the host may be called. */
  static final class Refused extends UnknownHostException {
    private static final long serialVersionUID = 1L;

    Refused(String reason) {
      super(reason);
    }
  }

  private static final int NO_PORT = -1;

  private final EgressPolicy policy;
  private final DnsResolver names;

  CheckedNames(EgressPolicy policy) {
    this(policy, SystemDefaultDnsResolver.INSTANCE);
  }

  CheckedNames(EgressPolicy policy, DnsResolver names) {
    this.policy = policy;
    this.names = names;
  }

  @Override
  public List<InetSocketAddress> resolve(String host, int port) throws UnknownHostException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (InetAddress address : allowed(host, port)) {
      addresses.add(new InetSocketAddress(address, port));
    }
    return addresses;
  }

  // Without a port no host:port can be allowed, so this is the stricter question.
  @Override
  public InetAddress[] resolve(String host) throws UnknownHostException {
    return allowed(host, NO_PORT).toArray(InetAddress[]::new);
  }

  @Override
  public String resolveCanonicalHostname(String host) {
    return host;
  }

  private List<InetAddress> allowed(String host, int port) throws UnknownHostException {
    List<InetAddress> allowed = new ArrayList<>();
    Optional<String> refusal = Optional.empty();
    for (InetAddress address : names.resolve(host)) {
      Optional<String> reason = policy.refusal(host, port, address);
      if (reason.isEmpty()) {
        allowed.add(address);
      }
      refusal = refusal.or(() -> reason);
    }
    if (allowed.isEmpty()) {
      throw refusal.isPresent()
          ? new Refused(refusal.get())
          : new UnknownHostException(host + " has no address");
    }
    return allowed;
  }
}
