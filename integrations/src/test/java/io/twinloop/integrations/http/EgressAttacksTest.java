package io.twinloop.integrations.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.outbound.Backoff;
import io.twinloop.domain.outbound.OutboundHttp.Answer;
import io.twinloop.domain.outbound.OutboundHttp.NoAnswer;
import io.twinloop.domain.outbound.OutboundHttp.Reason;
import io.twinloop.domain.outbound.OutboundHttp.Received;
import io.twinloop.domain.outbound.OutboundHttp.Request;
import io.twinloop.domain.workflow.Execution;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.Stepper;
import io.twinloop.domain.workflow.WorkflowModel;
import io.twinloop.domain.workflow.WorkflowRuntime;
import io.twinloop.integrations.http.EgressSettings.PerDestination;
import io.twinloop.integrations.secrets.SiteSecrets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.zip.GZIPOutputStream;
import org.apache.hc.client5.http.DnsResolver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Attempts to reach through the client what it must not reach, or to make it choke. The victim is a
 * bare server on loopback that records every byte it gets; where a test needs a "public" server,
 * the policy allows that one by host and port.
 */
class EgressAttacksTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final int MOST = 10_000;

  private final Queue<String> received = new ConcurrentLinkedQueue<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private int victim;

  @BeforeEach
  void start() throws IOException {
    victim = serve(request -> reply("200 OK", "", "the treasure"));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    threads.shutdownNow();
  }

  // Spellings of addresses

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:PORT/",
        "http://localhost:PORT/",
        "http://LOCALHOST:PORT/",
        "http://127.1:PORT/",
        "http://2130706433:PORT/",
        "http://0x7f000001:PORT/",
        "http://0x7f.0.0.1:PORT/",
        "http://0177.0.0.1:PORT/",
        "http://017700000001:PORT/",
        "http://127.000.000.001:PORT/",
        "http://0.0.0.0:PORT/",
        "http://0:PORT/",
        "http://[::1]:PORT/",
        "http://[::]:PORT/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
        "http://[::ffff:7f00:1]:PORT/",
        "http://[::127.0.0.1]:PORT/",
        "http://[64:ff9b::7f00:1]:PORT/",
        "http://[64:ff9b:1::7f00:1]:PORT/",
        "http://[2002:7f00:1::]:PORT/",
        "http://[2002:a9fe:a9fe::1]:PORT/",
        "http://[::ffff:0:127.0.0.1]:PORT/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]:PORT/",
        "http://[ff02::1]:PORT/",
        "http://100.100.100.200/",
        "http://192.168.0.1/",
        "http://10.0.0.1:22/",
        "http://172.16.0.1:6379/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
      })
  void shouldReachNothingPrivateHoweverItIsWritten(String address) {
    Answer answer = get(client(""), address.replace("PORT", Integer.toString(victim)));

    assertThat(none(answer).reason()).isIn(Reason.REFUSED, Reason.UNKNOWN_HOST, Reason.UNSENDABLE);
    assertThat(received).isEmpty();
  }

  /** A name that is allowed as user info is not the host that is called. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:ALLOWED@127.0.0.1:PORT/",
        "http://127.0.0.1%3AALLOWED@127.0.0.1:PORT/",
        "http://user:password@127.0.0.1:ALLOWED/",
        "http://127.0.0.1:ALLOWED@169.254.169.254/",
      })
  void shouldNotBeMisledByUserInfo(String address) throws IOException {
    int allowed = serve(request -> reply("200 OK", "", "fine"));

    Answer answer =
        get(
            client("127.0.0.1:" + allowed),
            address
                .replace("ALLOWED", Integer.toString(allowed))
                .replace("PORT", Integer.toString(victim)));

    assertThat(none(answer).reason()).isIn(Reason.REFUSED, Reason.UNSENDABLE);
    assertThat(none(answer).sentence()).doesNotContain("password");
    assertThat(received).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:ALLOWED\\@127.0.0.1:PORT/",
        "http://127.0.0.1:PORT\u0000.allowed.example/",
        "http://127.0.0.1:PORT\r\nHost: allowed.example/",
        "http://127.0.0.1 .example:PORT/",
      })
  void shouldNotEvenReadAnAddressThatIsNone(String address) {
    assertThatThrownBy(() -> new URI(address.replace("PORT", "80").replace("ALLOWED", "81")))
        .isInstanceOf(URISyntaxException.class);
  }

  /** Allowed is one port, not the host. */
  @Test
  void shouldReachNoOtherPortOfAnAllowedHost() throws IOException {
    int allowed = serve(request -> reply("200 OK", "", "fine"));
    EgressHttpClient client = client("127.0.0.1:" + allowed);

    assertThat(got(get(client, at(allowed, "/"))).status()).isEqualTo(200);
    assertThat(none(get(client, at(victim, "/"))).reason()).isEqualTo(Reason.REFUSED);
    assertThat(none(get(client, "http://127.0.0.1:22/")).reason()).isEqualTo(Reason.REFUSED);
    assertThat(received).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "jar:http://127.0.0.1!/x",
        "ldap://127.0.0.1/",
        "data:text/plain,x",
      })
  void shouldSpeakNothingButHttp(String address) {
    assertThat(none(get(client("0.0.0.0/0"), address)).reason()).isEqualTo(Reason.REFUSED);
  }

  // By way of a workflow

  /** Where data decides whom a workflow calls, data must not lead into the house. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:PORT/",
        "http://localhost:PORT/",
        "http://[::ffff:127.0.0.1]:PORT/",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://user@127.0.0.1:PORT/",
      })
  void shouldNotBeLedIntoTheHouseByTheDataOfAWorkflow(String address) {
    WorkflowModel model =
        ((Parsed.Valid)
                WorkflowModel.parse(
                    """
                    document: {dsl: '1.0.3', namespace: test, name: tell, version: '1.0.0'}
                    do:
                      - tell: {call: http, with: {method: get, endpoint: '${ .callback }'}}
                    """))
            .model();
    ObjectNode input =
        JsonNodeFactory.instance
            .objectNode()
            .put("callback", address.replace("PORT", Integer.toString(victim)));
    Execution execution = Execution.notStarted();
    for (Step step :
        Stepper.start(model, new WorkflowRuntime("wf-1", "loop-1", NOON, "1"), input, NOON, 1)) {
      execution = execution.apply(step, NOON);
    }
    Execution.PendingCall pending = execution.pendingCalls().get(0);

    HttpAnswer answer =
        new EgressHttpCalls(client(""), SiteSecrets.from(ConfigFactory.load()))
            .execute(pending.call(), pending.idempotencyKey())
            .toCompletableFuture()
            .orTimeout(30, TimeUnit.SECONDS)
            .join();

    assertThat(answer).isInstanceOf(HttpAnswer.CallFailed.class);
    assertThat(((HttpAnswer.CallFailed) answer).error().status()).isIn(403, 503);
    for (Step step : Stepper.advance(model, execution, Signal.of(pending.ref(), answer), NOON, 1)) {
      execution = execution.apply(step, NOON);
    }
    assertThat(execution.status()).isEqualTo(Execution.Status.FAULTED);
    assertThat(received).isEmpty();
  }

  // Redirects

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void shouldNotBeSentOnFromAPublicToAPrivateAddress(int status) throws IOException {
    int gate = serve(request -> redirect(status, at(victim, "/")));

    Answer answer = get(client("127.0.0.1:" + gate), at(gate, "/"));

    assertThat(none(answer).reason()).isEqualTo(Reason.REFUSED);
    assertThat(received).as("only the gate was asked").hasSize(1);
  }

  @Test
  void shouldNotBeSentOnOverSeveralHops() throws IOException {
    int last = serve(request -> redirect(302, "//127.0.0.1:" + victim + "/"));
    int middle = serve(request -> redirect(302, at(last, "/")));
    int first = serve(request -> redirect(302, at(middle, "/next")));

    Answer answer =
        get(
            client("127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d".formatted(first, middle, last)),
            at(first, "/"));

    assertThat(none(answer).reason()).isEqualTo(Reason.REFUSED);
    assertThat(received).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://2130706433:PORT/",
        "http://[::ffff:127.0.0.1]:PORT/",
        "http://x@127.0.0.1:PORT/",
        "gopher://127.0.0.1:PORT/_x",
        "http:///127.0.0.1:PORT/",
        "http://127.0.0.1:PORT\\@x/",
      })
  void shouldNotBeSentOnByATrickyLocation(String location) throws IOException {
    String target = location.replace("PORT", Integer.toString(victim));
    int gate = serve(request -> redirect(302, target));

    Answer answer = get(client("127.0.0.1:" + gate), at(gate, "/"));

    assertThat(none(answer).reason())
        .isIn(Reason.REFUSED, Reason.UNKNOWN_HOST, Reason.UNSENDABLE, Reason.BROKEN);
    assertThat(received).hasSize(1);
  }

  @Test
  void shouldNotRepeatAWebhookWhereverItIsSentOn() throws IOException {
    int gate = serve(request -> redirect(307, at(victim, "/")));
    Request webhook =
        new Request(
            "POST",
            URI.create(at(gate, "/")),
            Map.of("Twinloop-Signature", "t=1,v1=ab"),
            Set.of(),
            "{}",
            "key",
            null,
            true,
            1);

    Received answer = got(send(client("127.0.0.1/32"), webhook));

    assertThat(answer.status()).isEqualTo(307);
    assertThat(received).hasSize(1);
  }

  // Names

  /** Fine when it is looked at, private when it is connected to. */
  @Test
  void shouldConnectToTheVeryAddressItLookedAt() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    InetAddress innocent = ip("127.0.0.2");
    InetAddress target = ip("127.0.0.1");
    int port = serve(request -> reply("200 OK", "Connection: close\r\n", "fine"));
    EgressHttpClient client =
        client("127.0.0.2/32", host -> List.of(asked.getAndIncrement() == 0 ? innocent : target));

    Answer first = get(client, "http://rebinding.example:" + port + "/");

    assertThat(asked).as("the name is asked once, not to look and again to connect").hasValue(1);
    assertThat(none(first).reason())
        .as("nobody listens at the innocent address, and nobody else is asked")
        .isEqualTo(Reason.UNREACHABLE);
    assertThat(none(get(client, "http://rebinding.example:" + port + "/")).reason())
        .isEqualTo(Reason.REFUSED);
    assertThat(received).isEmpty();
  }

  /** A client that falls back to the next address must not fall back to a private one. */
  @Test
  void shouldNotFallBackToAPrivateAddressOfAMixedAnswer() throws IOException {
    int port = serve(request -> reply("200 OK", "", "fine"));
    EgressHttpClient client =
        client("127.0.0.2/32", host -> List.of(ip("127.0.0.2"), ip("127.0.0.1"), ip("::1")));

    Answer answer = get(client, "http://mixed.example:" + port + "/");

    assertThat(none(answer).reason()).isEqualTo(Reason.UNREACHABLE);
    assertThat(received).isEmpty();
  }

  @Test
  void shouldJudgeANameAgainWhenARedirectLeadsBackToIt() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    int port =
        serve(
            request ->
                request.startsWith("GET /first")
                    ? reply("302 Elsewhere", "Location: /second\r\nConnection: close\r\n", "")
                    : reply("200 OK", "", "the treasure"));
    EgressHttpClient client =
        client(
            "127.0.0.1/32",
            host -> List.of(asked.getAndIncrement() == 0 ? ip("127.0.0.1") : ip("10.0.0.1")));

    Answer answer = get(client, "http://rebinding.example:" + port + "/first");

    assertThat(none(answer).reason()).isEqualTo(Reason.REFUSED);
    assertThat(received).hasSize(1);
  }

  // Answers that make a client choke

  @Test
  void shouldNotReadAnAnswerThatNeverEnds() throws IOException {
    int port =
        serveRaw(
            (request, out) -> {
              out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(ISO_8859_1));
              byte[] part = new byte[8_192];
              while (true) {
                out.write(part);
              }
            });

    assertThat(none(get(client("127.0.0.1/32"), at(port, "/"))).reason())
        .isEqualTo(Reason.TOO_LARGE);
  }

  @Test
  void shouldNotBelieveAnAnswerThatSaysItIsHuge() throws IOException {
    int port = serve(request -> "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx");

    assertThat(none(get(client("127.0.0.1/32"), at(port, "/"))).reason())
        .isEqualTo(Reason.TOO_LARGE);
  }

  @Test
  void shouldNotBlowUpAnAnswerThatIsSmallOnTheWire() throws IOException {
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bomb)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 50; i++) {
        gzip.write(zeros);
      }
    }
    int port =
        serveRaw(
            (request, out) -> {
              out.write(
                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
                      .formatted(bomb.size())
                      .getBytes(ISO_8859_1));
              bomb.writeTo(out);
            });

    assertThat(none(get(client("127.0.0.1/32"), at(port, "/"))).reason())
        .isEqualTo(Reason.TOO_LARGE);
  }

  @Test
  void shouldNotWaitForAnAnswerThatDrips() throws IOException {
    int port =
        serveRaw(
            (request, out) -> {
              out.write("HTTP/1.1 200 OK\r\nX-A: ".getBytes(ISO_8859_1));
              while (true) {
                out.write('a');
                out.flush();
                Thread.onSpinWait();
              }
            });
    Request impatient =
        new Request(
            "GET",
            URI.create(at(port, "/")),
            Map.of(),
            Set.of(),
            null,
            null,
            Duration.ofMillis(300),
            true,
            1);

    assertThat(none(send(client("127.0.0.1/32"), impatient)).reason())
        .isIn(Reason.TOO_SLOW, Reason.BROKEN);
  }

  @Test
  void shouldNotGatherAHeaderLineThatNeverEnds() throws IOException {
    int port =
        serveRaw(
            (request, out) -> {
              out.write("HTTP/1.1 200 OK\r\nX-A: ".getBytes(ISO_8859_1));
              byte[] part = "a".repeat(8_192).getBytes(ISO_8859_1);
              while (true) {
                out.write(part);
              }
            });

    assertThat(none(get(client("127.0.0.1/32"), at(port, "/"))).reason()).isEqualTo(Reason.BROKEN);
  }

  @Test
  void shouldNotGatherHeadersWithoutEnd() throws IOException {
    int port =
        serveRaw(
            (request, out) -> {
              out.write("HTTP/1.1 200 OK\r\n".getBytes(ISO_8859_1));
              byte[] part = "X-A: a\r\n".repeat(100).getBytes(ISO_8859_1);
              while (true) {
                out.write(part);
              }
            });

    assertThat(none(get(client("127.0.0.1/32"), at(port, "/"))).reason()).isEqualTo(Reason.BROKEN);
  }

  @Test
  void shouldNotWaitForAServerThatAcceptsAndSaysNothing() throws IOException {
    ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    opened.add(silent);
    Request impatient =
        new Request(
            "GET",
            URI.create(at(silent.getLocalPort(), "/")),
            Map.of(),
            Set.of(),
            null,
            null,
            Duration.ofMillis(300),
            true,
            1);

    assertThat(none(send(client("127.0.0.1/32"), impatient)).reason()).isEqualTo(Reason.TOO_SLOW);
  }

  // What goes out

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\r\nX-Evil: 1",
        "a\nX-Evil: 1",
        "a\rX-Evil: 1",
        "a\r\n\r\nGET /evil HTTP/1.1",
        "a\u0000b",
        "a\u2028b",
        "a\u560D\u560AX-Evil: 1",
      })
  void shouldNotLetAHeaderValueBecomeMoreThanOne(String value) {
    Request request =
        new Request(
            "GET",
            URI.create(at(victim, "/")),
            Map.of("X-A", value),
            Set.of(),
            null,
            null,
            null,
            true,
            1);

    assertThat(none(send(client("127.0.0.1/32"), request)).reason()).isEqualTo(Reason.UNSENDABLE);
    assertThat(received).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"X-A\r\nX-Evil", "X A", "X-A:", "", "Host", "TRANSFER-ENCODING"})
  void shouldNotLetAHeaderNameChangeTheRequest(String name) {
    Request request =
        new Request(
            "POST",
            URI.create(at(victim, "/")),
            Map.of(name, "chunked"),
            Set.of(),
            "x",
            null,
            null,
            true,
            1);

    assertThat(none(send(client("127.0.0.1/32"), request)).reason()).isEqualTo(Reason.UNSENDABLE);
    assertThat(received).isEmpty();
  }

  @Test
  void shouldKeepDeclaredCredentialsFromAnotherHost() throws IOException {
    int gate = serve(request -> redirect(302, at(victim, "/")));
    Request request =
        new Request(
            "GET",
            URI.create(at(gate, "/")),
            Map.of("X-Erp-Token", "treasure", "X-Plain", "kept"),
            Set.of("x-erp-token"),
            null,
            null,
            null,
            true,
            1);

    assertThat(got(send(client("127.0.0.1/32"), request)).status()).isEqualTo(200);

    assertThat(received.remove()).contains("x-erp-token: treasure");
    assertThat(received.remove()).contains("x-plain: kept").doesNotContain("treasure");
  }

  // The language of these tests

  private static String at(int port, String path) {
    return "http://127.0.0.1:" + port + path;
  }

  private static String reply(String status, String headers, String body) {
    return "HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s"
        .formatted(status, headers, body.length(), body);
  }

  private static String redirect(int status, String location) {
    return reply(status + " Elsewhere", "Location: " + location + "\r\n", "");
  }

  private int serve(Function<String, String> behaviour) throws IOException {
    return serveRaw((request, out) -> out.write(behaviour.apply(request).getBytes(ISO_8859_1)));
  }

  private interface Behaviour {
    void answer(String request, OutputStream out) throws IOException;
  }

  /** A server that notes what it is sent, answers, and closes. */
  private int serveRaw(Behaviour behaviour) throws IOException {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    opened.add(server);
    threads.execute(
        () -> {
          while (!server.isClosed()) {
            try {
              Socket socket = server.accept();
              threads.execute(() -> answer(socket, behaviour));
            } catch (IOException closed) {
              return;
            }
          }
        });
    return server.getLocalPort();
  }

  private void answer(Socket socket, Behaviour behaviour) {
    try (socket) {
      String request = head(socket);
      if (request.isEmpty()) {
        return;
      }
      received.add(request);
      behaviour.answer(request, socket.getOutputStream());
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (IOException e) {
      // A client that has had enough cuts the connection.
    }
  }

  private static String head(Socket socket) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = socket.getInputStream().read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  private EgressHttpClient client(String allow) {
    EgressSettings settings = settings(allow);
    return opened(new EgressHttpClient(settings, Clock.systemUTC()));
  }

  private EgressHttpClient client(String allow, Function<String, List<InetAddress>> names) {
    EgressSettings settings = settings(allow);
    DnsResolver resolver =
        new DnsResolver() {
          @Override
          public InetAddress[] resolve(String host) {
            return names.apply(host).toArray(InetAddress[]::new);
          }

          @Override
          public String resolveCanonicalHostname(String host) {
            return host;
          }
        };
    return opened(
        new EgressHttpClient(
            settings, Clock.systemUTC(), new CheckedNames(settings.policy(), resolver)));
  }

  private EgressHttpClient opened(EgressHttpClient client) {
    opened.add(client);
    return client;
  }

  private static EgressSettings settings(String allow) {
    return new EgressSettings(
        EgressPolicy.allowing(allow),
        Duration.ofSeconds(20),
        Duration.ofSeconds(20),
        Duration.ofSeconds(20),
        MOST,
        5,
        4,
        10,
        new Backoff(Duration.ofMillis(1), Duration.ofMillis(5)),
        new PerDestination(4, 1_000, 100, 100, Duration.ofMinutes(1)));
  }

  private static InetAddress ip(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(literal, e);
    }
  }

  /** A GET; an address that can't even be read counts as one that can't be sent to. */
  private static Answer get(EgressHttpClient client, String address) {
    URI uri;
    try {
      uri = new URI(address);
    } catch (URISyntaxException e) {
      return new NoAnswer(Reason.UNSENDABLE, "unreadable", null);
    }
    return send(client, new Request("GET", uri, Map.of(), Set.of(), null, null, null, true, 1));
  }

  private static Answer send(EgressHttpClient client, Request request) {
    return client.send(request).toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }

  private static NoAnswer none(Answer answer) {
    assertThat(answer).isInstanceOf(NoAnswer.class);
    return (NoAnswer) answer;
  }

  private static Received got(Answer answer) {
    assertThat(answer).isInstanceOf(Received.class);
    return (Received) answer;
  }
}
