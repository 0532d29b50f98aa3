package io.twinloop.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Keep-alive connections to this machine, each with one request in flight: the next one goes out
 * when the answer is there. One thread serves them all, as the load must cost less than what it
 * loads; it understands no more of HTTP than an answer with a Content-Length.
 */
final class HttpLoad implements Load.Generator {

  private static final int LONGEST_ANSWER = 64 * 1024;
  private static final int PATIENCE_MILLIS = 10_000;
  private static final byte[] HEADER_END = {'\r', '\n', '\r', '\n'};
  private static final String LENGTH = "\r\ncontent-length:";

  private final Load load;
  private final Supplier<byte[]> requests;
  private final Selector selector;
  private final Thread thread;
  private int open;

  private HttpLoad(Load load, int port, int connections, Supplier<byte[]> requests)
      throws IOException {
    this.load = load;
    this.requests = requests;
    this.selector = Selector.open();
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    for (int i = 0; i < connections; i++) {
      SocketChannel channel = SocketChannel.open(address);
      channel.configureBlocking(false);
      channel.setOption(java.net.StandardSocketOptions.TCP_NODELAY, true);
      channel.register(selector, SelectionKey.OP_READ, new Connection(channel));
      open++;
    }
    this.thread = new Thread(this::run, "http-load");
  }

  /**
   * Sends requests until the load ends.
   *
   * @param requests the bytes of the next one; asked by one thread
   */
  static Load.Generator start(Load load, int port, int connections, Supplier<byte[]> requests)
      throws IOException {
    HttpLoad http = new HttpLoad(load, port, connections, requests);
    http.thread.start();
    return http;
  }

  /** The bytes of a request with a JSON body, or with none when it is empty. */
  static byte[] request(String method, String path, byte[] body) {
    return request(method, path, "", body);
  }

  /** The same with more lines of headers, each with its end. */
  static byte[] request(String method, String path, String headers, byte[] body) {
    String head =
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s\r\n"
            .formatted(
                method,
                path,
                headers,
                body.length == 0
                    ? ""
                    : "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n");
    byte[] headBytes = head.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer bytes = ByteBuffer.allocate(headBytes.length + body.length);
    return bytes.put(headBytes).put(body).array();
  }

  private void run() {
    Set<SelectionKey> keys = Set.copyOf(selector.keys());
    try (Selector closing = selector) {
      for (SelectionKey key : keys) {
        ((Connection) key.attachment()).send();
      }
      while (open > 0) {
        if (closing.select(this::ready, PATIENCE_MILLIS) == 0) {
          throw new IOException("nothing was answered for " + PATIENCE_MILLIS + " ms");
        }
      }
    } catch (IOException | RuntimeException e) {
      load.failed(e);
    } finally {
      keys.forEach(HttpLoad::closeQuietly);
    }
  }

  private void ready(SelectionKey key) {
    Connection connection = (Connection) key.attachment();
    try {
      if (!connection.receive()) {
        return;
      }
      load.done();
      if (load.goesOn()) {
        connection.send();
        return;
      }
    } catch (IOException e) {
      load.failed(e);
    }
    key.cancel();
    closeQuietly(key);
    open--;
  }

  private static void closeQuietly(SelectionKey key) {
    try {
      key.channel().close();
    } catch (IOException nothingToLose) {
      // The load has ended; what the socket still had to say is of no use.
    }
  }

  @Override
  public void awaitEnd() throws InterruptedException {
    thread.join(TimeUnit.SECONDS.toMillis(Load.longestEndSeconds()));
    if (thread.isAlive()) {
      thread.interrupt();
      throw new IllegalStateException("The HTTP connections did not end.");
    }
  }

  /** A connection and the answer it is reading. */
  private final class Connection {
    private final SocketChannel channel;
    private final ByteBuffer answer = ByteBuffer.allocate(LONGEST_ANSWER);
    private int wanted;

    Connection(SocketChannel channel) {
      this.channel = channel;
    }

    void send() throws IOException {
      answer.clear();
      wanted = -1;
      ByteBuffer request = ByteBuffer.wrap(requests.get());
      while (request.hasRemaining()) {
        channel.write(request); // smaller than a socket's buffer but for batches, which wait here
      }
    }

    /** Reads what is there; says whether the answer is complete. */
    boolean receive() throws IOException {
      if (channel.read(answer) < 0) {
        throw new EOFException("the connection was closed in the middle of an answer");
      }
      if (wanted < 0) {
        wanted = lengthOfAnswer();
      }
      if (!answer.hasRemaining() && answer.position() < wanted) {
        throw new IOException("an answer is longer than " + LONGEST_ANSWER + " bytes");
      }
      return wanted >= 0 && answer.position() >= wanted;
    }

    /** Bytes of head and body, or -1 while the head is not there. */
    private int lengthOfAnswer() throws IOException {
      int end = endOfHead();
      if (end < 0) {
        return -1;
      }
      String head =
          new String(answer.array(), 0, end, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
      if (!head.startsWith("http/1.1 2")) {
        throw new IOException(
            "answered " + new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8));
      }
      int length = head.indexOf(LENGTH);
      if (length < 0) {
        throw new IOException("an answer without Content-Length: " + head);
      }
      int from = length + LENGTH.length();
      int lineEnd = head.indexOf('\r', from);
      return end + Integer.parseInt(head.substring(from, lineEnd).strip());
    }

    private int endOfHead() {
      byte[] bytes = answer.array();
      for (int i = 0; i + HEADER_END.length <= answer.position(); i++) {
        if (bytes[i] == '\r'
            && bytes[i + 1] == '\n'
            && bytes[i + 2] == '\r'
            && bytes[i + 3] == '\n') {
          return i + HEADER_END.length;
        }
      }
      return -1;
    }
  }
}
