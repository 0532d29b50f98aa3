package io.twinloop.http;

import static io.twinloop.http.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.Ndjson.Broken;
import io.twinloop.http.Ndjson.Line;
import io.twinloop.http.Ndjson.Value;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Lines of JSON from bytes cut anywhere, of any size, without holding more than one. */
class NdjsonTest {

  private static ActorSystem<Void> system;

  @BeforeAll
  static void start() {
    system = ActorSystem.create(Behaviors.empty(), "ndjson-test");
  }

  @AfterAll
  static void stop() {
    system.terminate();
  }

  @Test
  void shouldNumberLinesAndSkipBlankOnes() {
    assertThat(read("{\"a\":1}\n\n  \t\r\n[2]\r\n\"x\""))
        .containsExactly("1:{\"a\":1}", "4:[2]", "5:\"x\"");
  }

  @Test
  void shouldReadNothingFromAnEmptyBody() {
    assertThat(read("")).isEmpty();
    assertThat(read("\n\n\r\n")).isEmpty();
  }

  @Test
  void shouldGoOnBehindALineThatIsNoJson() {
    List<Line> lines =
        lines(
            "{\"a\":1}\n{oops\n{\"a\":1e999}\n\u00C3\n{\"a\":2}\n",
            100,
            StandardCharsets.ISO_8859_1);

    assertThat(lines).extracting(Line::number).containsExactly(1L, 2L, 3L, 4L, 5L);
    assertThat(lines.get(1)).isInstanceOf(Broken.class);
    assertThat(((Broken) lines.get(1)).code()).isEqualTo("malformed");
    assertThat(((Broken) lines.get(2)).detail()).contains("/a");
    assertThat(((Broken) lines.get(3)).detail()).contains("UTF-8");
    assertThat(lines.get(4)).isInstanceOf(Value.class);
  }

  @Test
  void shouldSkipALineThatIsTooLong() {
    String longest = "\"" + "x".repeat(8) + "\"";
    String tooLong = "\"" + "x".repeat(9) + "\"";

    assertThat(read(longest + "\r\n" + tooLong + "\r\n" + longest + "\n" + tooLong, 10))
        .containsExactly("1:" + longest, "2:line-too-long", "3:" + longest, "4:line-too-long");
  }

  @Test
  void shouldReadTheSameLinesHoweverTheBytesAreCut() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      StringBuilder text = new StringBuilder();
      for (int line = random.nextInt(8); line > 0; line--) {
        text.append(
            switch (random.nextInt(5)) {
              case 0 -> "";
              case 1 -> "\"" + "é".repeat(random.nextInt(30)) + "\"";
              case 2 -> "{";
              case 3 -> "[" + random.nextInt() + "]";
              default -> " ".repeat(random.nextInt(30));
            });
        text.append(random.nextBoolean() ? "\n" : "\r\n");
      }
      if (random.nextBoolean() && text.length() > 0) {
        text.setLength(text.length() - 1);
      }
      ByteString whole = ByteString.fromString(text.toString());
      List<ByteString> pieces = new ArrayList<>();
      for (ByteString rest = whole; rest.nonEmpty(); ) {
        int cut = 1 + random.nextInt(Math.min(7, rest.size()));
        pieces.add(rest.take(cut));
        rest = rest.drop(cut);
      }

      assertThat(shown(lines(Source.from(pieces), 40)))
          .as("seed %d, round %d: %s", seed, round, text)
          .isEqualTo(shown(lines(Source.single(whole), 40)));
    }
  }

  @Test
  void shouldHoldNoMoreOfALineThanItsLimit() {
    // 2 GB without a line end in a JVM with 1 GB: can only end when nothing is kept.
    ByteString megabyte = ByteString.fromArray(new byte[1024 * 1024]);
    Source<ByteString, ?> endless =
        Source.repeat(megabyte).take(2_048).concat(Source.single(ByteString.fromString("\n[1]")));

    assertThat(shown(lines(endless, 1_000))).containsExactly("1:line-too-long", "2:[1]");
  }

  @Test
  void shouldHoldTheSenderBackWhenTheReaderIsSlow() throws Exception {
    long size = 256L * 1024 * 1024;
    CompletableFuture<Void> gate = new CompletableFuture<>();
    AtomicLong sent = new AtomicLong();
    byte[] line =
        "{\"kpiId\":\"k1\",\"value\":1.5,\"source\":\"test\"}\n".getBytes(StandardCharsets.UTF_8);
    Endpoint bulk =
        Endpoint.post(
                "/bulk",
                Permission.TWIN_READ,
                call ->
                    Stages.map(
                        Ndjson.lines(call.bytes(), 1_000)
                            .mapAsync(1, value -> gate.thenApply(open -> value))
                            .runFold(
                                new BulkSummary(), (sum, value) -> sum.accept(1), call.system()),
                        sum -> Answers.ok(sum.toJson())))
            .streamed();
    try (TestServer server = TestServer.with(bulk).start()) {
      var answer =
          server
              .client()
              .sendAsync(
                  server
                      .request("/bulk")
                      .timeout(Duration.ofMinutes(2))
                      .POST(BodyPublishers.ofInputStream(() -> repeating(line, size, sent)))
                      .build(),
                  BodyHandlers.ofString());

      await()
          .atMost(Duration.ofSeconds(30))
          .during(Duration.ofSeconds(1))
          .until(new Unchanged(sent)::check);
      assertThat(sent.get()).isBetween(1L, size / 8);

      gate.complete(null);
      JsonNode summary =
          Json.read(answer.get(2, TimeUnit.MINUTES).body().getBytes(StandardCharsets.UTF_8));
      assertThat(summary.path("accepted").longValue())
          .isEqualTo((size + line.length - 1) / line.length);
    }
  }

  @Test
  void shouldSummariseWhatBecameOfTheLines() {
    Endpoint bulk =
        Endpoint.post(
                "/bulk",
                Permission.TWIN_READ,
                call ->
                    Stages.map(
                        Ndjson.lines(call.bytes(), 1_000)
                            .runFold(new BulkSummary(), NdjsonTest::judge, call.system()),
                        sum -> Answers.ok(sum.toJson())))
            .streamed();
    try (TestServer server = TestServer.with(bulk).start()) {
      JsonNode summary = json(server.post("/bulk", "1\n1\n0\nx\n" + "y\n".repeat(200)));

      assertThat(summary.path("accepted").intValue()).isEqualTo(2);
      assertThat(summary.path("unchanged").intValue()).isEqualTo(1);
      assertThat(summary.path("rejected").intValue()).isEqualTo(201);
      assertThat(summary.path("errors").size()).isEqualTo(100);
      assertThat(summary.at("/errors/0/line").intValue()).isEqualTo(4);
      assertThat(summary.at("/errors/0/code").textValue()).isEqualTo("malformed");
      assertThat(summary.at("/errors/99/line").intValue()).isEqualTo(103);
    }
  }

  private static BulkSummary judge(BulkSummary summary, Line line) {
    if (line instanceof Broken broken) {
      return summary.reject(broken);
    }
    return ((Value) line).json().intValue() == 0 ? summary.unchanged(1) : summary.accept(1);
  }

  /** Whether a number has stayed the same since it was looked at first. */
  private static final class Unchanged {
    private final AtomicLong number;
    private long seen = -1;

    Unchanged(AtomicLong number) {
      this.number = number;
    }

    boolean check() {
      long now = number.get();
      boolean same = now > 0 && now == seen;
      seen = now;
      return same;
    }
  }

  private static InputStream repeating(byte[] line, long size, AtomicLong sent) {
    return new InputStream() {
      @Override
      public int read() {
        long at = sent.get();
        if (at >= size && at % line.length == 0) {
          return -1;
        }
        sent.incrementAndGet();
        return line[(int) (at % line.length)];
      }

      @Override
      public int read(byte[] bytes, int offset, int length) {
        long at = sent.get();
        if (at >= size) {
          return -1;
        }
        int whole = Math.max(1, length / line.length);
        for (int i = 0; i < whole; i++) {
          System.arraycopy(line, 0, bytes, offset + i * line.length, line.length);
        }
        long left = (size - at + line.length - 1) / line.length;
        int count = (int) Math.min(whole, left) * line.length;
        sent.addAndGet(count);
        return count;
      }
    };
  }

  private static List<String> read(String text) {
    return read(text, 1_000);
  }

  private static List<String> read(String text, int maxLineBytes) {
    return shown(lines(text, maxLineBytes, StandardCharsets.UTF_8));
  }

  private static List<String> shown(List<Line> lines) {
    return lines.stream()
        .map(
            line ->
                line.number()
                    + ":"
                    + (line instanceof Value value ? value.json() : ((Broken) line).code()))
        .toList();
  }

  private static List<Line> lines(String text, int maxLineBytes, Charset charset) {
    return lines(Source.single(ByteString.fromString(text, charset)), maxLineBytes);
  }

  private static List<Line> lines(Source<ByteString, ?> bytes, int maxLineBytes) {
    return Ndjson.lines(bytes, maxLineBytes)
        .runWith(Sink.seq(), system)
        .toCompletableFuture()
        .orTimeout(60, TimeUnit.SECONDS)
        .join();
  }
}
