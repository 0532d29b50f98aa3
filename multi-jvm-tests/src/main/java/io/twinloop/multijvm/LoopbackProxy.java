package io.twinloop.multijvm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A stretch of network on this machine that can be disturbed: takes connections on a port of its
 * own and hands the bytes on to another port.
 *
 * <p>A cut is silent, as a pulled cable is: connections stay open, new ones are taken, nothing
 * comes through, not even that the other side has gone. What was sent meanwhile arrives after
 * {@link #heal()}, as TCP's repetitions would. A cut may concern one caller alone, known by the
 * address it calls from.
 */
public final class LoopbackProxy implements AutoCloseable {

  private static final int CHUNK = 16 * 1024;
  private static final int BACKLOG = 256;
  private static final int CONNECT_MILLIS = 2_000;

  private final String name;
  private final ServerSocket server;
  private final int targetPort;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  private boolean cut;
  private final Set<String> cutCallers = new HashSet<>();
  private Duration delay = Duration.ZERO;
  private boolean closed;

  private LoopbackProxy(String name, int targetPort) {
    this.name = name;
    this.targetPort = targetPort;
    try {
      this.server = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException("No port for the proxy " + name, e);
    }
  }

  /**
   * Takes connections on a free port of 127.0.0.1.
   *
   * @param name tells proxies apart in the names of their threads
   * @param targetPort on 127.0.0.1; need not be taken yet
   */
  public static LoopbackProxy to(String name, int targetPort) {
    LoopbackProxy proxy = new LoopbackProxy(name, targetPort);
    proxy.thread("accept", proxy::accept);
    return proxy;
  }

  public int port() {
    return server.getLocalPort();
  }

  public int targetPort() {
    return targetPort;
  }

  /** Nothing comes through any more, in both directions. */
  public synchronized void cut() {
    cut = true;
  }

  /** Nothing comes through of what one caller sends, nor to it. */
  public synchronized void cut(String callerAddress) {
    cutCallers.add(callerAddress);
  }

  /** Every piece of up to 16 KiB waits so long. */
  public synchronized void delay(Duration time) {
    delay = time;
  }

  /** Ends all that was disturbed. */
  public synchronized void heal() {
    cut = false;
    cutCallers.clear();
    delay = Duration.ZERO;
    notifyAll();
  }

  /**
   * Closes the connections there are, on both sides; new ones are taken.
   *
   * @return how many
   */
  public int dropConnections() {
    int dropped = 0;
    for (Socket socket : open) {
      close(socket);
      dropped++;
    }
    return dropped / 2;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      dropConnections();
    }
  }

  private void accept() {
    while (true) {
      Socket caller;
      try {
        caller = server.accept();
      } catch (IOException e) {
        if (server.isClosed()) {
          return;
        }
        continue; // that one caller went away before it was taken
      }
      open.add(caller);
      thread("connect", () -> connect(caller));
    }
  }

  private void connect(Socket caller) {
    String address = caller.getInetAddress().getHostAddress();
    Socket target = new Socket();
    open.add(target);
    try {
      awaitOpen(address);
      caller.setTcpNoDelay(true);
      target.setTcpNoDelay(true);
      target.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort), CONNECT_MILLIS);
    } catch (IOException nobodyThere) {
      close(caller);
      close(target);
      return;
    }
    thread("back", () -> pump(target, caller, address));
    pump(caller, target, address);
  }

  private void pump(Socket from, Socket to, String callerAddress) {
    byte[] bytes = new byte[CHUNK];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      while (true) {
        int count = in.read(bytes);
        awaitOpen(callerAddress);
        if (count < 0) {
          to.shutdownOutput();
          break;
        }
        out.write(bytes, 0, count);
      }
      if (from.isOutputShutdown() || to.isInputShutdown()) {
        close(from);
        close(to);
      }
    } catch (IOException ended) {
      try {
        awaitOpen(callerAddress);
      } catch (IOException closing) {
        // Nobody is left to be told.
      }
      close(from);
      close(to);
    }
  }

  private void awaitOpen(String callerAddress) throws IOException {
    Duration wait;
    synchronized (this) {
      while (!closed && (cut || cutCallers.contains(callerAddress))) {
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted", e);
        }
      }
      if (closed) {
        throw new IOException("the proxy " + name + " is closed");
      }
      wait = delay;
    }
    if (!wait.isZero()) {
      try {
        TimeUnit.NANOSECONDS.sleep(wait.toNanos());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
  }

  private void close(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  private void thread(String what, Runnable work) {
    Thread thread = new Thread(work, "proxy-" + name + "-" + what);
    thread.setDaemon(true);
    thread.start();
  }
}
