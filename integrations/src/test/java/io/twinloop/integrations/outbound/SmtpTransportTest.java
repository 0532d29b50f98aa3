package io.twinloop.integrations.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.Secret;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.integrations.outbound.SmtpSettings.Security;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SmtpTransportTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final String STORE_PASSWORD = "password-of-the-store";

  @TempDir private static Path folder;
  private static SSLContext trusted;
  private static SSLContext forAnotherHost;

  private final List<MailServer> servers = new ArrayList<>();

  @BeforeAll
  static void makeCertificates() throws Exception {
    trusted = certificate("own", "SAN=dns:localhost,ip:127.0.0.1");
    forAnotherHost = certificate("other", "SAN=dns:mail.evil.example");
  }

  @AfterEach
  void stop() throws IOException {
    for (MailServer server : servers) {
      server.close();
    }
  }

  @Test
  void shouldSendAMail() throws IOException {
    MailServer server = server(MailServer.Security.NONE);

    Delivery delivery =
        deliver(plain(server), message("ada@acme.example", "Über Maß", "Zeile 1\nZeile 2 €"));

    assertThat(delivery).isEqualTo(new Delivery.Delivered());
    assertThat(server.lines())
        .contains("clear: MAIL FROM:<twinloop@acme.example>", "clear: RCPT TO:<ada@acme.example>");
    String mail = server.mails().remove();
    assertThat(mail)
        .contains("From: twinloop@acme.example")
        .contains("To: ada@acme.example")
        .contains("Message-ID: <m-1@acme.example>")
        .contains("Auto-Submitted: auto-generated")
        .contains("Subject: =?UTF-8?");
    String body = mail.substring(mail.indexOf("\n\n") + 2);
    String text =
        mail.contains("base64")
            ? new String(Base64.getMimeDecoder().decode(body), StandardCharsets.UTF_8)
            : body;
    assertThat(text.replace("=E2=82=AC", "€").replace("\r\n", "\n").strip())
        .isEqualTo("Zeile 1\nZeile 2 €");
  }

  /** By this the receiver knows that it is the same. */
  @Test
  void shouldGiveAMailTheSameIdEachTimeItIsSent() throws IOException {
    MailServer server = server(MailServer.Security.NONE);
    SmtpTransport transport = plain(server);
    OutboundMessage message = message("ada@acme.example", "S", "B");

    deliver(transport, message);
    deliver(transport, message);

    assertThat(server.mails())
        .hasSize(2)
        .allSatisfy(mail -> assertThat(mail).contains("Message-ID: <m-1@acme.example>"));
  }

  @ParameterizedTest
  @EnumSource(names = {"STARTTLS", "TLS"})
  void shouldSayItsPasswordOnlyOverASecureConnection(MailServer.Security security)
      throws IOException {
    MailServer server = server(security);

    Delivery delivery = deliver(secure(server, security), message("ada@acme.example", "S", "B"));

    assertThat(delivery).isEqualTo(new Delivery.Delivered());
    String login = "secure: AUTH PLAIN ";
    assertThat(server.lines())
        .filteredOn(line -> line.startsWith(login))
        .singleElement()
        .satisfies(
            line ->
                assertThat(Base64.getDecoder().decode(line.substring(login.length())))
                    .asString(StandardCharsets.UTF_8)
                    .endsWith("\0user\0pass-word"));
    assertThat(server.lines())
        .filteredOn(line -> line.startsWith("clear: "))
        .allMatch(line -> line.matches("clear: (EHLO .*|STARTTLS)"));
  }

  /** Who sits in between may leave out that the server speaks TLS. */
  @Test
  void shouldNotGoOnInClearWhereTlsIsMissing() throws IOException {
    MailServer server = server(MailServer.Security.NONE);

    Delivery delivery =
        deliver(
            secure(server, MailServer.Security.STARTTLS), message("ada@acme.example", "S", "B"));

    assertThat(delivery).isInstanceOf(Delivery.Missed.class);
    assertThat(server.lines()).noneMatch(line -> line.contains("AUTH") || line.contains("MAIL"));
    assertThat(server.mails()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"STARTTLS", "TLS"})
  void shouldNotTrustTheCertificateOfAnotherHost(MailServer.Security security) throws IOException {
    MailServer server = new MailServer(security, forAnotherHost);
    servers.add(server);
    SmtpTransport transport =
        new SmtpTransport(
            settings(server.port(), Security.valueOf(security.name()), "user"),
            forAnotherHost.getSocketFactory());

    Delivery delivery = deliver(transport, message("ada@acme.example", "S", "B"));

    assertThat(delivery).isInstanceOf(Delivery.Missed.class);
    assertThat(server.lines()).noneMatch(line -> line.contains("AUTH"));
  }

  @ParameterizedTest
  @CsvSource({
    "RCPT, 550 no such mailbox, refused",
    "RCPT, 450 mailbox busy, missed",
    "MAIL, 553 not from you, refused",
    "DATA, 451 try later, missed",
    "END, 554 looks like spam, refused",
    "END, 452 no space, missed",
    "CONNECT, 421 too busy, missed",
  })
  void shouldTellWhatWillNeverDoFromWhatMayPass(String command, String reply, String outcome)
      throws IOException {
    MailServer server = server(MailServer.Security.NONE).answering(command, reply);

    Delivery delivery = deliver(plain(server), message("ada@acme.example", "S", "B"));

    assertThat(delivery)
        .isInstanceOf(outcome.equals("refused") ? Delivery.Refused.class : Delivery.Missed.class);
    assertThat(delivery.toString()).contains(reply.substring(0, 3));
  }

  @Test
  void shouldTryAgainWhenTheLoginIsRefusedAndKeepThePasswordToItself() throws IOException {
    MailServer server =
        server(MailServer.Security.TLS).answering("AUTH", "535 5.7.8 not with this password");

    Delivery delivery =
        deliver(secure(server, MailServer.Security.TLS), message("ada@acme.example", "S", "B"));

    assertThat(delivery).isInstanceOf(Delivery.Missed.class);
    assertThat(delivery.toString()).contains("535").doesNotContain("pass-word");
  }

  @Test
  void shouldTryAgainWhereNobodyListens() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }

    assertThat(
            deliver(
                new SmtpTransport(settings(free, Security.NONE, "")),
                message("ada@acme.example", "S", "B")))
        .isInstanceOf(Delivery.Missed.class);
  }

  /** A server says it in its own words, which may be the address. */
  @ParameterizedTest
  @CsvSource({"RCPT, 550 5.1.1 <ada@acme.example> unknown", "END, 452 4.1.1 ada@acme.example full"})
  void shouldHaveAGeneralWordForWhatAServerSays(String command, String reply) throws IOException {
    MailServer server = server(MailServer.Security.NONE).answering(command, reply);

    Delivery delivery = deliver(plain(server), message("ada@acme.example", "S", "B"));

    assertThat(delivery.toString()).contains("ada@acme.example");
    assertThat(delivery.discreet().toString())
        .contains("did not take it (" + reply.substring(0, 3) + ")")
        .doesNotContain("ada");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ada", "ada@"})
  void shouldHaveAGeneralWordForARecipientItCanNotReach(String recipient) throws IOException {
    Delivery delivery =
        deliver(plain(server(MailServer.Security.NONE)), message(recipient, "S", "B"));

    assertThat(delivery.toString()).contains(recipient);
    assertThat(delivery.discreet().toString()).contains("recipient").doesNotContain("ada");
  }

  /** Its sender counts it as not sent, and sends it again. */
  @Test
  void shouldNotSendWhatWasGivenUpWhileItWaited() throws Exception {
    BlockingQueue<Socket> connections = new LinkedBlockingQueue<>();
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      SmtpTransport transport =
          new SmtpTransport(settings(server.getLocalPort(), Security.NONE, ""));
      List<CompletionStage<Delivery>> held = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        held.add(transport.deliver(message("ada@acme.example", "S", "held")));
        connections.add(server.accept());
      }
      CompletableFuture<Delivery> givenUp =
          transport.deliver(message("ada@acme.example", "S", "given up")).toCompletableFuture();
      givenUp.complete(new Delivery.Missed("Too late.", null));
      CompletableFuture<Delivery> last =
          transport.deliver(message("ada@acme.example", "S", "last")).toCompletableFuture();

      connections.remove().close();
      server.accept().close();

      assertThat(last.get(30, TimeUnit.SECONDS)).isInstanceOf(Delivery.Missed.class);
      assertThat(held).hasSize(4);
    } finally {
      for (Socket connection : connections) {
        connection.close();
      }
    }
  }

  // What would become more than it is

  @ParameterizedTest
  @ValueSource(
      strings = {
        "S\r\nBcc: eve@evil.example",
        "S\nBcc: eve@evil.example",
        "S\rBcc: eve@evil.example",
        "S\r\n\r\nAnother body",
        "S\u0000",
        "S\u2028Bcc: eve@evil.example",
      })
  void shouldRefuseASubjectThatEndsItsLine(String subject) throws IOException {
    MailServer server = server(MailServer.Security.NONE);

    assertThat(deliver(plain(server), message("ada@acme.example", subject, "B")))
        .isInstanceOf(Delivery.Refused.class);
    assertThat(server.lines()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ada@acme.example\r\nBcc: eve@evil.example",
        "ada@acme.example>\r\nRCPT TO:<eve@evil.example",
        "ada@acme.example, eve@evil.example",
        "Group: ada@acme.example, eve@evil.example;",
        "ada@",
        "@acme.example",
        "a da@acme.example",
      })
  void shouldRefuseARecipientThatIsNotOne(String recipient) throws IOException {
    MailServer server = server(MailServer.Security.NONE);

    assertThat(deliver(plain(server), message(recipient, "S", "B")))
        .isInstanceOf(Delivery.Refused.class);
    assertThat(server.lines()).isEmpty();
  }

  /** A line of one dot ends a mail; in a text it is a line of one dot. */
  @Test
  void shouldNotLetATextEndTheMail() throws IOException {
    MailServer server = server(MailServer.Security.NONE);

    deliver(
        plain(server),
        message("ada@acme.example", "S", "a\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nb"));

    assertThat(server.mails()).singleElement().asString().contains("MAIL FROM:<eve");
    assertThat(server.lines()).noneMatch(line -> line.contains("eve"));
  }

  // Names and what is missing

  @Test
  void shouldFindTheAddressOfAName() throws IOException {
    MailServer server = server(MailServer.Security.NONE);

    assertThat(deliver(plain(server), message("role:cfo", "S", "B")))
        .isEqualTo(new Delivery.Delivered());
    assertThat(server.lines()).contains("clear: RCPT TO:<cfo@acme.example>");
    assertThat(deliver(plain(server), message("role:nobody", "S", "B")))
        .isInstanceOfSatisfying(
            Delivery.NotConfigured.class,
            missing -> assertThat(missing.sentence()).contains("'role:nobody'", "recipients"));
    assertThat(deliver(plain(server), message(null, "S", "B")))
        .isInstanceOf(Delivery.NotConfigured.class);
  }

  @Test
  void shouldSayThatThereIsNoServer() {
    SmtpSettings none =
        new SmtpSettings(
            "", 587, Security.STARTTLS, "", Secret.of(""), "", Duration.ofSeconds(5), Map.of());

    assertThat(deliver(new SmtpTransport(none), message("ada@acme.example", "S", "B")))
        .isInstanceOf(Delivery.NotConfigured.class);
  }

  @Test
  void shouldNotTakeAPasswordForAConnectionInClear() {
    assertThatThrownBy(() -> settings(25, Security.NONE, "user"))
        .hasMessageContaining("twinloop.outbound.smtp.security")
        .hasMessageNotContaining("pass-word");
  }

  private MailServer server(MailServer.Security security) throws IOException {
    MailServer server = new MailServer(security, trusted);
    servers.add(server);
    return server;
  }

  private static SmtpTransport plain(MailServer server) {
    return new SmtpTransport(settings(server.port(), Security.NONE, ""));
  }

  private static SmtpTransport secure(MailServer server, MailServer.Security security) {
    return new SmtpTransport(
        settings(server.port(), Security.valueOf(security.name()), "user"),
        trusted.getSocketFactory());
  }

  private static SmtpSettings settings(int port, Security security, String user) {
    return new SmtpSettings(
        "127.0.0.1",
        port,
        security,
        user,
        Secret.of(user.isEmpty() ? "" : "pass-word"),
        "twinloop@acme.example",
        Duration.ofSeconds(20),
        Map.of("role:cfo", "cfo@acme.example"));
  }

  private static OutboundMessage message(String recipient, String subject, String body) {
    return new OutboundMessage(
        "m-1", Channel.EMAIL, recipient, subject, body, "loop-1", "wf-1", NOON);
  }

  private static Delivery deliver(SmtpTransport transport, OutboundMessage message) {
    return transport.deliver(message).toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }

  /** A certificate by the JDK's own tool, trusted by whoever uses the context. */
  private static SSLContext certificate(String name, String extension) throws Exception {
    Path store = folder.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=test",
                "-ext",
                extension,
                "-validity",
                "2",
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                STORE_PASSWORD)
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(said).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, STORE_PASSWORD.toCharArray());
    }
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, STORE_PASSWORD.toCharArray());
    KeyStore certificates = KeyStore.getInstance("PKCS12");
    certificates.load(null, null);
    certificates.setCertificateEntry("own", keys.getCertificate(keys.aliases().nextElement()));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(certificates);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
