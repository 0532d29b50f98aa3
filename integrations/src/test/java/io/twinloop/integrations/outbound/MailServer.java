package io.twinloop.integrations.outbound;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * A mail server on loopback that speaks just enough SMTP (RFC 5321, STARTTLS of RFC 3207, AUTH of
 * RFC 4954), answers commands as a test wants, and notes every line it gets.
 */
final class MailServer implements AutoCloseable {

  /** How connections are made secure. */
  enum Security {
    NONE,
    STARTTLS,
    TLS
  }

  private final ServerSocket server;
  private final Security security;
  private final @Nullable SSLContext tls;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, String> replies = new ConcurrentHashMap<>();
  private final Queue<String> lines = new ConcurrentLinkedQueue<>();
  private final Queue<String> mails = new ConcurrentLinkedQueue<>();

  MailServer(Security security, @Nullable SSLContext tls) throws IOException {
    this.security = security;
    this.tls = tls;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    threads.execute(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  /** Answers every command that begins with this word so, until told otherwise. */
  MailServer answering(String command, String reply) {
    replies.put(command, reply);
    return this;
  }

  /** Every line but those of mails, marked where it came over a secure connection. */
  Queue<String> lines() {
    return lines;
  }

  /** The mails taken, as they came. */
  Queue<String> mails() {
    return mails;
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        threads.execute(() -> serve(socket));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(Socket plain) {
    try (plain) {
      Socket socket = security == Security.TLS ? secured(plain) : plain;
      talk(socket, security == Security.TLS);
    } catch (IOException e) {
      lines.add("broken: " + e);
    }
  }

  private void talk(Socket socket, boolean secure) throws IOException {
    if (!secure || security == Security.TLS) {
      say(socket.getOutputStream(), replies.getOrDefault("CONNECT", "220 ready"));
    }
    BufferedReader in = reader(socket.getInputStream());
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      lines.add((secure ? "secure: " : "clear: ") + line);
      String command = line.split("[ :]", 2)[0].toUpperCase(Locale.ROOT);
      if (command.equals("STARTTLS") && !replies.containsKey(command)) {
        say(socket.getOutputStream(), "220 go on");
        talk(secured(socket), true);
        return;
      }
      String reply = replies.getOrDefault(command, usual(command, secure));
      say(socket.getOutputStream(), reply);
      if (command.equals("DATA") && reply.startsWith("354")) {
        mails.add(mail(in));
        say(socket.getOutputStream(), replies.getOrDefault("END", "250 taken"));
      }
      if (command.equals("QUIT")) {
        return;
      }
    }
  }

  private String usual(String command, boolean secure) {
    return switch (command) {
      case "EHLO" ->
          "250-twinloop"
              + (security == Security.STARTTLS && !secure ? "\r\n250-STARTTLS" : "")
              + "\r\n250 AUTH PLAIN";
      case "AUTH" -> "235 welcome";
      case "DATA" -> "354 go on";
      case "QUIT" -> "221 bye";
      default -> "250 fine";
    };
  }

  private static String mail(BufferedReader in) throws IOException {
    StringBuilder mail = new StringBuilder();
    for (String line = in.readLine(); line != null && !line.equals("."); line = in.readLine()) {
      mail.append(line).append('\n');
    }
    return mail.toString();
  }

  private Socket secured(Socket socket) throws IOException {
    if (tls == null) {
      throw new IOException("This server has no certificate.");
    }
    SSLSocket secured =
        (SSLSocket) tls.getSocketFactory().createSocket(socket, null, socket.getPort(), true);
    secured.setUseClientMode(false);
    secured.startHandshake();
    return secured;
  }

  private static BufferedReader reader(InputStream in) {
    return new BufferedReader(new InputStreamReader(in, StandardCharsets.ISO_8859_1));
  }

  private static void say(OutputStream out, String reply) throws IOException {
    out.write((reply + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    server.close();
    threads.shutdownNow();
  }
}
