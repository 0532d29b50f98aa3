package io.twinloop.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;

/** TCP ports on the loopback address: finding a free one, and asking whether one is free. */
final class Ports {
  static final String LOOPBACK = "127.0.0.1";

  private Ports() {}

  /** A port that was free a moment ago; whoever binds it must expect that another was faster. */
  static int findFree() {
    try (ServerSocket socket = new ServerSocket(0, 1, loopback())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("No free port on " + LOOPBACK, e);
    }
  }

  static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(loopback(), port), 1);
      return true;
    } catch (IOException occupied) {
      return false;
    }
  }

  static void requireFree(int port, String server) {
    if (!isFree(port)) {
      throw new CannotStartException(
          "Port %d on %s, wanted for %s, is already in use: stop the program that holds it or choose another port."
              .formatted(port, LOOPBACK, server));
    }
  }

  static InetAddress loopback() {
    try {
      return InetAddress.getByAddress(LOOPBACK, new byte[] {127, 0, 0, 1});
    } catch (UnknownHostException e) {
      throw new AssertionError("four bytes are an address", e);
    }
  }
}
