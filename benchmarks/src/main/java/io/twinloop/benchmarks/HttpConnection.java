package io.twinloop.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A keep-alive connection to this machine with at most one request in flight. It understands no
 * more of HTTP than an answer with a Content-Length, so that the load costs less than what it
 * loads.
 */
final class HttpConnection {

  private static final int LONGEST_ANSWER = 64 * 1024;
  private static final byte[] HEADER_END = {'\r', '\n', '\r', '\n'};
  private static final String LENGTH = "\r\ncontent-length:";
  private static final int STATUS_FROM = "HTTP/1.1 ".length();
  private static final int STATUS_TO = STATUS_FROM + 3;

  private final SocketChannel channel;
  private final ByteBuffer answer = ByteBuffer.allocate(LONGEST_ANSWER);
  private int wanted;
  private int status;

  private HttpConnection(SocketChannel channel) {
    this.channel = channel;
  }

  /** Opens one; its channel doesn't block. */
  static HttpConnection open(int port) throws IOException {
    SocketChannel channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return new HttpConnection(channel);
  }

  SocketChannel channel() {
    return channel;
  }

  void send(byte[] bytes) throws IOException {
    answer.clear();
    wanted = -1;
    ByteBuffer request = ByteBuffer.wrap(bytes);
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

  /** The status of the answer that is complete. */
  int status() {
    return status;
  }

  /** What the answer says, head and body. */
  String text() {
    return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
  }

  void close() {
    try {
      channel.close();
    } catch (IOException nothingToLose) {
      // The load has ended; what the socket still had to say is of no use.
    }
  }

  /** Bytes of head and body, or -1 while the head is not there. */
  private int lengthOfAnswer() throws IOException {
    int end = endOfHead();
    if (end < 0) {
      return -1;
    }
    String head =
        new String(answer.array(), 0, end, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
    status = Integer.parseInt(head.substring(STATUS_FROM, STATUS_TO));
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
