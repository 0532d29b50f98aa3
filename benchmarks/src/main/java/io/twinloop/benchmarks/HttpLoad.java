package io.twinloop.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Keep-alive connections to this machine, each with one request in flight: the next one goes out
 * when the answer is there. One thread serves them all.
 */
final class HttpLoad implements Load.Generator {

  private static final int PATIENCE_MILLIS = 10_000;

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
    for (int i = 0; i < connections; i++) {
      HttpConnection connection = HttpConnection.open(port);
      connection.channel().register(selector, SelectionKey.OP_READ, connection);
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
        ((HttpConnection) key.attachment()).send(requests.get());
      }
      while (open > 0) {
        if (closing.select(this::ready, PATIENCE_MILLIS) == 0) {
          throw new IOException("nothing was answered for " + PATIENCE_MILLIS + " ms");
        }
      }
    } catch (IOException | RuntimeException e) {
      load.failed(e);
    } finally {
      keys.forEach(key -> ((HttpConnection) key.attachment()).close());
    }
  }

  private void ready(SelectionKey key) {
    HttpConnection connection = (HttpConnection) key.attachment();
    try {
      if (!connection.receive()) {
        return;
      }
      if (connection.status() / 100 != 2) {
        throw new IOException("answered " + connection.text());
      }
      load.done();
      if (load.goesOn()) {
        connection.send(requests.get());
        return;
      }
    } catch (IOException e) {
      load.failed(e);
    }
    key.cancel();
    connection.close();
    open--;
  }

  @Override
  public void awaitEnd() throws InterruptedException {
    thread.join(TimeUnit.SECONDS.toMillis(Load.longestEndSeconds()));
    if (thread.isAlive()) {
      thread.interrupt();
      throw new IllegalStateException("The HTTP connections did not end.");
    }
  }
}
