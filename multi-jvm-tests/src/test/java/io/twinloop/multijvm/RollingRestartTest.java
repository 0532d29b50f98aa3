package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes are restarted in turns, while people go on writing through whichever is there. */
@EnabledIfSystemProperty(named = "twinloop.faults", matches = "all")
class RollingRestartTest {

  private static final int KPIS = 12;
  private static final Duration BETWEEN = Duration.ofMillis(20);

  /** A write that nobody has taken by then has failed. */
  private static final Duration LONGEST_TRY = Duration.ofSeconds(20);

  private static final Duration SETTLE = Duration.ofMinutes(2);
  private final Instant first = Instant.now().minus(Duration.ofHours(1));

  @TempDir Path folder;

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
  private final AtomicBoolean ended = new AtomicBoolean();

  /** What one who writes to one KPI lived through. */
  private record Course(
      String kpi, int written, List<String> refused, int failed, Gap longestGap) {}

  /** Nothing was taken for so long, until then. */
  private record Gap(long millis, Instant until) {
    Gap or(Gap other) {
      return other.millis > millis ? other : this;
    }

    @Override
    public String toString() {
      return "%d ms until %s".formatted(millis, until);
    }
  }

  @Test
  void shouldTakeEveryWriteWhileNodesAreRestartedInTurns() throws Exception {
    try (ThreeNodes cluster = ThreeNodes.start(folder)) {
      for (int i = 0; i < KPIS; i++) {
        new Twin(cluster.node(i % 3)::url).defineKpi("rolling-" + i);
      }
      ExecutorService writers = Executors.newFixedThreadPool(KPIS);
      List<Future<Course>> courses = new ArrayList<>();
      for (int i = 0; i < KPIS; i++) {
        int number = i;
        courses.add(writers.submit(() -> write(cluster, number)));
      }
      for (int i = 0; i < 3; i++) {
        assertThat(cluster.node(i).stopGracefully()).isEqualTo(143);
        cluster.node(i).start();
        cluster.awaitWhole();
      }
      ended.set(true);
      List<Course> all = new ArrayList<>();
      for (Future<Course> course : courses) {
        all.add(join(course));
      }
      writers.shutdown();

      System.out.printf(
          "rolling restart: %d writes, %d refused and repeated, %d failed, longest gap of an entity %s%n",
          all.stream().mapToInt(Course::written).sum(),
          all.stream().mapToInt(course -> course.refused().size()).sum(),
          all.stream().mapToInt(Course::failed).sum(),
          all.stream().map(Course::longestGap).reduce(Gap::or).orElseThrow());
      for (Course course : all) {
        System.out.printf("  %s: longest gap %s%n", course.kpi(), course.longestGap());
        course.refused().forEach(answer -> System.out.println("    refused " + answer));
      }
      assertThat(all).allSatisfy(course -> assertThat(course.failed()).as(course.kpi()).isZero());
      for (Course course : all) {
        await().atMost(SETTLE).untilAsserted(() -> eachWriteIsThereOnce(cluster, course));
      }
    }
  }

  private Course write(ThreeNodes cluster, int number) throws InterruptedException {
    String kpi = "rolling-" + number;
    int written = 0;
    List<String> refused = new ArrayList<>();
    int failed = 0;
    Gap longestGap = new Gap(0, Instant.now());
    int door = number % 3;
    long last = System.nanoTime();
    while (!ended.get()) {
      String body =
          "{\"value\":%d,\"timestamp\":\"%s\"}"
              .formatted(100 + written % 7, first.plusMillis(written));
      long began = System.nanoTime();
      for (String refusal = send(cluster.node(door), kpi, body, kpi + "-" + written);
          !refusal.isEmpty();
          refusal = send(cluster.node(door), kpi, body, kpi + "-" + written)) {
        refused.add("%s by n%d: %s".formatted(Instant.now(), door + 1, refusal));
        door = (door + 1) % 3;
        if (System.nanoTime() - began > LONGEST_TRY.toNanos()) {
          failed++;
          break;
        }
        TimeUnit.MILLISECONDS.sleep(BETWEEN.toMillis());
      }
      written++;
      long now = System.nanoTime();
      longestGap = longestGap.or(new Gap(TimeUnit.NANOSECONDS.toMillis(now - last), Instant.now()));
      last = now;
      TimeUnit.MILLISECONDS.sleep(BETWEEN.toMillis());
    }
    return new Course(kpi, written, refused, failed, longestGap);
  }

  /** Empty when it was taken; a node that is away or stops refuses, and the same goes elsewhere. */
  private String send(NodeProcess door, String kpi, String body, String key)
      throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(door.url() + "/api/v1/kpis/" + kpi + "/samples"))
            .timeout(Duration.ofSeconds(15))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isIn(200, 201, 202, 409, 503);
      return answer.statusCode() < 300 ? "" : answer.statusCode() + " " + answer.body();
    } catch (IOException nobodyThere) {
      return nobodyThere.toString();
    }
  }

  private static void eachWriteIsThereOnce(ThreeNodes cluster, Course course) {
    List<String> stored =
        new Twin(cluster.node(0)::url)
            .samples(course.kpi()).stream()
                .map(sample -> sample.get("timestamp").asText())
                .toList();
    assertThat(stored).as(course.kpi()).doesNotHaveDuplicates().hasSize(course.written());
  }

  private static Course join(Future<Course> course) throws InterruptedException {
    try {
      return course.get();
    } catch (ExecutionException e) {
      throw new AssertionError("A writer ended early", e.getCause());
    }
  }
}
