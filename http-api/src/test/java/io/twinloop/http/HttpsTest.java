package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.twinloop.domain.identity.AccessRule;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server over TLS: who gets an answer, and that a certificate can be replaced under way. */
class HttpsTest {

  private static final Endpoint HELLO =
      Endpoint.get(
          "/hello",
          AccessRule.open("test"),
          call -> CompletableFuture.completedStage(Answers.ok(Json.object())));

  private static final Endpoint ECHO =
      Endpoint.post(
              "/echo",
              AccessRule.open("test"),
              call ->
                  CompletableFuture.completedStage(
                      org.apache.pekko.http.javadsl.model.HttpResponse.create()
                          .withEntity(
                              HttpEntities.createChunked(
                                  ContentTypes.APPLICATION_OCTET_STREAM, call.bytes()))))
          .streamed();

  private static final HeldCertificate CA =
      new HeldCertificate.Builder().commonName("ours").certificateAuthority(0).build();
  private static final HeldCertificate OTHER_CA =
      new HeldCertificate.Builder().commonName("theirs").certificateAuthority(0).build();

  @TempDir Path folder;

  @BeforeEach
  void writeTheServersCertificate() throws IOException {
    write(signed("first", CA));
  }

  @Test
  void shouldAnswerOverTlsAndSayWhere() throws Exception {
    try (TestServer server = start("")) {
      HttpResponse<String> answer = get(server, trusting(CA));

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(server.server().url()).isEqualTo("https://127.0.0.1:" + server.port());
    }
  }

  @Test
  void shouldSpeakTls12AndNothingOlder() throws Exception {
    try (TestServer server = start("")) {
      assertThat(get(server, speaking("TLSv1.2")).sslSession().orElseThrow().getProtocol())
          .isEqualTo("TLSv1.2");
      assertThat(get(server, trusting(CA)).sslSession().orElseThrow().getProtocol())
          .isEqualTo("TLSv1.3");
      assertThatThrownBy(() -> get(server, speaking("TLSv1.1")))
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  @Test
  void shouldCarryMuchBothWays() throws Exception {
    byte[] much = new byte[4_000_000];
    new Random(7).nextBytes(much);
    try (TestServer server = start("")) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(server.server().url() + "/echo"))
              .POST(BodyPublishers.ofByteArray(much))
              .timeout(Duration.ofSeconds(30))
              .build();

      assertThat(trusting(CA).send(request, BodyHandlers.ofByteArray()).body()).isEqualTo(much);
    }
  }

  @Test
  void shouldLetWhoStillSendsReadTheLastAnswer() throws Exception {
    try (TestServer server = start("");
        Socket socket =
            new HandshakeCertificates.Builder()
                .addTrustedCertificate(CA.certificate())
                .build()
                .sslSocketFactory()
                .createSocket("127.0.0.1", server.port())) {
      socket.setSoTimeout(20_000);
      String much = "no request at all\r\n\r\n" + "and more of it\r\n".repeat(4_000);
      socket.getOutputStream().write(much.getBytes(StandardCharsets.ISO_8859_1));

      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 400").endsWith("}");
    }
  }

  @Test
  void shouldNotAnswerPlainHttp() {
    try (TestServer server = start("")) {
      assertThat(server.raw(TestServer.head("GET /hello HTTP/1.1", "Host: localhost")))
          .doesNotContain("HTTP/1.1");
    }
  }

  @Test
  void shouldUseANewCertificateWithoutAStop() throws Exception {
    try (TestServer server = start("")) {
      assertThat(shownBy(get(server, trusting(CA)))).isEqualTo("CN=first");

      write(signed("second", CA));

      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> assertThat(shownBy(get(server, trusting(CA)))).isEqualTo("CN=second"));
    }
  }

  @Test
  void shouldKeepItsCertificateWhileTheNewFilesDoNotFit() throws Exception {
    try (TestServer server = start("")) {
      HeldCertificate third = signed("third", CA);
      Files.writeString(folder.resolve("own.pem"), third.certificatePem());
      Files.writeString(folder.resolve("own.key"), "half a k");
      for (int i = 0; i < 5; i++) {
        assertThat(shownBy(get(server, trusting(CA)))).isEqualTo("CN=first");
      }

      Files.writeString(folder.resolve("own.key"), third.privateKeyPkcs8Pem());

      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> assertThat(shownBy(get(server, trusting(CA)))).isEqualTo("CN=third"));
    }
  }

  @Test
  void shouldLetInOnlyClientsWithACertificateOfTheirCa() throws Exception {
    Files.writeString(folder.resolve("clients.pem"), OTHER_CA.certificatePem());
    try (TestServer server = start("client-ca = \"" + folder.resolve("clients.pem") + "\"")) {
      assertThat(get(server, showing(signed("client", OTHER_CA))).statusCode()).isEqualTo(200);
      assertThatThrownBy(() -> get(server, trusting(CA))).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> get(server, showing(signed("client", CA))))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void shouldLetClientsComeWithoutACertificateWhereItIsOptional() throws Exception {
    Files.writeString(folder.resolve("clients.pem"), OTHER_CA.certificatePem());
    try (TestServer server =
        start(
            "client-certificates = optional, client-ca = \""
                + folder.resolve("clients.pem")
                + "\"")) {
      assertThat(get(server, trusting(CA)).statusCode()).isEqualTo(200);
      assertThat(get(server, showing(signed("client", OTHER_CA))).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldNotStartWithTheKeyOfAnotherCertificate() throws IOException {
    Files.writeString(folder.resolve("own.key"), signed("other", CA).privateKeyPkcs8Pem());

    assertThatThrownBy(() -> start(""))
        .isInstanceOf(HttpServer.CannotListen.class)
        .hasMessageContaining("does not belong to the certificate")
        .hasMessageContaining("twinloop.http.tls.key");
  }

  private TestServer start(String more) {
    return TestServer.with(HELLO, ECHO)
        .settings(
            """
            twinloop.http.tls { certificate = "%s", key = "%s", reload-interval = 50ms
              %s }
            """
                .formatted(folder.resolve("own.pem"), folder.resolve("own.key"), more))
        .start();
  }

  private void write(HeldCertificate certificate) throws IOException {
    Files.writeString(folder.resolve("own.pem"), certificate.certificatePem());
    Files.writeString(folder.resolve("own.key"), certificate.privateKeyPkcs8Pem());
  }

  private static HeldCertificate signed(String name, HeldCertificate ca) {
    return new HeldCertificate.Builder()
        .commonName(name)
        .addSubjectAlternativeName("127.0.0.1")
        .signedBy(ca)
        .build();
  }

  private static HttpClient trusting(HeldCertificate ca) {
    return client(new HandshakeCertificates.Builder().addTrustedCertificate(ca.certificate()))
        .build();
  }

  private static HttpClient showing(HeldCertificate own) {
    return client(
            new HandshakeCertificates.Builder()
                .addTrustedCertificate(CA.certificate())
                .heldCertificate(own))
        .build();
  }

  private static HttpClient speaking(String protocol) {
    SSLParameters parameters = new SSLParameters();
    parameters.setProtocols(new String[] {protocol});
    return client(new HandshakeCertificates.Builder().addTrustedCertificate(CA.certificate()))
        .sslParameters(parameters)
        .build();
  }

  private static HttpClient.Builder client(HandshakeCertificates.Builder sides) {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .sslContext(sides.build().sslContext());
  }

  private static HttpResponse<String> get(TestServer server, HttpClient client)
      throws IOException, InterruptedException {
    URI uri = URI.create("https://127.0.0.1:" + server.port() + "/hello");
    return client.send(
        HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build(),
        BodyHandlers.ofString());
  }

  private static String shownBy(HttpResponse<String> answer) throws IOException {
    List<java.security.cert.Certificate> chain =
        List.of(answer.sslSession().orElseThrow().getPeerCertificates());
    return ((X509Certificate) chain.get(0)).getSubjectX500Principal().getName();
  }
}
