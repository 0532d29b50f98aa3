package io.twinloop.benchmarks;

import io.twinloop.multijvm.NodeProcess;
import io.twinloop.multijvm.Twin;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** The node under load, as its callers see it; its database tells when all of it has arrived. */
final class BenchNode {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int POLL_MILLIS = 1;
  private static final int SETTLE_POLL_MILLIS = 20;
  private static final int USUAL_SAMPLES = 12;

  /** How many KPIs' events the read model has not seen to the last. */
  private static final String KPIS_BEHIND =
      """
      SELECT count(*) FROM (
        SELECT persistence_id, max(seq_nr) AS newest FROM event_journal
        WHERE entity_type = 'Kpi' GROUP BY persistence_id) AS journal
      LEFT JOIN read_model_progress AS seen USING (persistence_id)
      WHERE seen.seq_nr IS NULL OR seen.seq_nr < newest
      """;

  private static final String WORKFLOWS =
      "SELECT count(*) FROM event_journal WHERE entity_type = 'WorkflowInstance' AND seq_nr = 1";

  private final NodeProcess process;
  private final RawPostgres postgres;
  private final Twin twin;
  private final HttpClient http = HttpClient.newHttpClient();

  BenchNode(NodeProcess process, RawPostgres postgres) {
    this.process = process;
    this.postgres = postgres;
    this.twin = new Twin(process::url);
  }

  void define(String kpiId) {
    twin.defineKpi(kpiId);
  }

  /** Reads what needs no entity. */
  Load.Generator fixedAnswers(Load load, int connections) throws IOException {
    byte[] request = HttpLoad.request("GET", "/health", new byte[0]);
    return HttpLoad.start(load, process.port(), connections, () -> request);
  }

  /** Reads KPIs in turn. */
  Load.Generator reads(Load load, List<String> kpiIds, int connections) throws IOException {
    List<byte[]> requests =
        kpiIds.stream()
            .map(id -> HttpLoad.request("GET", "/api/v1/kpis/" + id, new byte[0]))
            .toList();
    return HttpLoad.start(load, process.port(), connections, inTurn(requests));
  }

  /** Sends one sample in band a request, to the KPIs in turn. */
  Load.Generator commands(Load load, List<String> kpiIds, int connections) throws IOException {
    return HttpLoad.start(load, process.port(), connections, inTurn(samples(kpiIds)));
  }

  /** Requests with one sample in band each, to the KPIs in turn. */
  static List<byte[]> samples(List<String> kpiIds) {
    List<byte[]> requests = new ArrayList<>();
    for (int i = 0; i < kpiIds.size() * USUAL_SAMPLES; i++) {
      String body = "{\"value\":" + (100 + i * 0.6180339887 % 1) + "}";
      requests.add(
          HttpLoad.request(
              "POST",
              "/api/v1/kpis/" + kpiIds.get(i % kpiIds.size()) + "/samples",
              body.getBytes(StandardCharsets.UTF_8)));
    }
    return requests;
  }

  static Supplier<byte[]> inTurn(List<byte[]> requests) {
    AtomicInteger turn = new AtomicInteger();
    return () -> requests.get(Math.floorMod(turn.getAndIncrement(), requests.size()));
  }

  /** Sends all samples in one upload; answers samples per second. */
  double upload(Samples samples) throws IOException, InterruptedException {
    byte[] lines = samples.lines();
    HttpRequest request =
        HttpRequest.newBuilder(at("/api/v1/kpi-samples?mode=history"))
            .timeout(PATIENCE)
            .header("Content-Type", "application/x-ndjson")
            .POST(HttpRequest.BodyPublishers.ofByteArray(lines))
            .build();
    long from = System.nanoTime();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    long nanos = System.nanoTime() - from;
    String expected = "\"accepted\":" + samples.count() + ",";
    if (answer.statusCode() != 200 || !answer.body().contains(expected)) {
      throw new IllegalStateException("expected " + expected + " but got " + answer.body());
    }
    return samples.count() * 1e9 / nanos;
  }

  /** Sends all samples in batches of one KPI each; answers samples per second. */
  double batches(Samples samples, int size, int connections) throws Exception {
    List<Samples.Batch> batches = samples.batches(size);
    AtomicInteger next = new AtomicInteger();
    List<Throwable> failures = new ArrayList<>();
    CountDownLatch running = new CountDownLatch(connections);
    long from = System.nanoTime();
    for (int i = 0; i < connections; i++) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int j = next.getAndIncrement();
                      j < batches.size();
                      j = next.getAndIncrement()) {
                    send(batches.get(j));
                  }
                } catch (IOException | InterruptedException | IllegalStateException e) {
                  synchronized (failures) {
                    failures.add(e);
                  }
                } finally {
                  running.countDown();
                }
              },
              "batches-" + i);
      thread.setDaemon(true);
      thread.start();
    }
    if (!running.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("The batches did not end.");
    }
    long nanos = System.nanoTime() - from;
    synchronized (failures) {
      if (!failures.isEmpty()) {
        throw new IllegalStateException("A batch failed: " + failures.get(0), failures.get(0));
      }
    }
    return samples.count() * 1e9 / nanos;
  }

  private void send(Samples.Batch batch) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(at("/api/v1/kpis/" + batch.kpiId() + "/samples?mode=history"))
            .timeout(PATIENCE)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(batch.body()))
            .build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    String expected = "\"accepted\":" + batch.samples() + ",";
    if (answer.statusCode() != 200 || !answer.body().contains(expected)) {
      throw new IllegalStateException("expected " + expected + " but got " + answer.body());
    }
  }

  /**
   * Sends an anomaly to each KPI, one after the other; answers the milliseconds from each request
   * until its workflow stood in the journal.
   */
  List<Double> loops(List<String> kpiIds) throws Exception {
    StringBuilder usual = new StringBuilder("{\"samples\":[");
    for (int i = 0; i < USUAL_SAMPLES; i++) {
      usual.append(i == 0 ? "" : ",").append("{\"value\":").append(100 + i % 3).append('}');
    }
    byte[] body = usual.append("]}").toString().getBytes(StandardCharsets.UTF_8);
    for (String kpiId : kpiIds) {
      define(kpiId);
      send(new Samples.Batch(kpiId, USUAL_SAMPLES, body));
    }
    settle();
    List<Double> millis = new ArrayList<>();
    byte[] anomaly = "{\"value\":900}".getBytes(StandardCharsets.UTF_8);
    try (Connection connection = postgres.connect("");
        PreparedStatement workflows = connection.prepareStatement(WORKFLOWS)) {
      long before = count(workflows);
      for (String kpiId : kpiIds) {
        HttpRequest request =
            HttpRequest.newBuilder(at("/api/v1/kpis/" + kpiId + "/samples?mode=live"))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(anomaly))
                .build();
        long from = System.nanoTime();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
          throw new IllegalStateException("an anomaly was answered " + answer.body());
        }
        before++;
        while (count(workflows) < before) {
          if (System.nanoTime() - from > PATIENCE.toNanos()) {
            throw new IllegalStateException("No workflow answers the anomaly of " + kpiId + ".");
          }
          TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        millis.add((System.nanoTime() - from) / 1e6);
      }
    }
    return millis;
  }

  private static long count(PreparedStatement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  /** Waits until the read models have what was acknowledged, so that nothing disturbs the next. */
  void settle() throws SQLException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    try (RawPostgres.Question behind = postgres.question(KPIS_BEHIND)) {
      while (behind.ask() > 0) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException("The read models did not catch up.");
        }
        TimeUnit.MILLISECONDS.sleep(SETTLE_POLL_MILLIS);
      }
    }
  }

  private URI at(String path) {
    return process.url().resolve(path);
  }
}
