package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.cluster.AuditMain;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A refused request leaves an audit entry and nothing else, in a real node. */
class RefusalsTest {

  private static final String TABLES =
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'audit%'";

  @TempDir private Path folder;

  @Test
  void shouldLeaveAnEntryOfARefusalAndNothingElse() throws Exception {
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node = NodeProcess.named("a", folder).using(services).start()) {
      Twin twin = new Twin(node::url);
      twin.defineKpi("orders");
      Map<String, Long> before = settledCounts(services);
      List<JsonNode> known = twin.all("/api/v1/audit");

      List<Twin.Answer> refusals =
          List.of(
              twin.put("/api/v1/kpis/new", "{\"name\": \"a\"}"),
              twin.put("/api/v1/kpis/new", "{\"name\": \"a\", \"unit\": \"1\", \"revision\": 7}"),
              twin.put(
                  "/api/v1/kpis/new", "{\"name\": \"a\", \"unit\": \"1\", \"actor\": \"eve\"}"),
              twin.put(
                  "/api/v1/kpis/new", "{\"name\": \"a\", \"unit\": \"1\", \"id\": \"orders\"}"),
              twin.put("/api/v1/kpis/%00", "{\"name\": \"a\", \"unit\": \"1\"}"),
              twin.put("/api/v1/kpis/new", "[".repeat(10_000)),
              twin.put("/api/v1/kpis/new", "{\"name\": \"" + "x".repeat(100_000) + "\"}"),
              twin.change("POST", "/api/v1/kpis/none/samples", "{\"value\": 1}"),
              twin.change("POST", "/api/v1/kpis/orders/samples", "{\"value\": \"much\"}"),
              twin.change("DELETE", "/api/v1/twin/nodes/none", ""),
              twin.change("POST", "/api/v1/tasks/none/complete", "{}"),
              twin.change("POST", "/api/v1/workflows", "{\"definition\": {}}"),
              twin.change("POST", "/api/v1/events", "{\"specversion\": \"1.0\"}"),
              twin.change("DELETE", "/api/v1/dead-letters/none", ""));

      assertThat(refusals).allSatisfy(answer -> assertThat(answer.status()).isBetween(400, 499));
      List<JsonNode> entries =
          twin.all("/api/v1/audit").subList(known.size(), known.size() + refusals.size());
      assertThat(twin.all("/api/v1/audit")).hasSize(known.size() + refusals.size());
      for (int i = 0; i < refusals.size(); i++) {
        assertThat(entries.get(i).path("type").asText()).isEqualTo("refusal");
        assertThat(entries.get(i).path("status").asInt()).isEqualTo(refusals.get(i).status());
        assertThat(entries.get(i).path("code").asText())
            .isEqualTo(refusals.get(i).body().path("code").asText());
      }
      assertThat(settledCounts(services)).isEqualTo(before);
      assertThat(verify(services)).isZero();
      tamper(services);
      assertThat(verify(services)).isEqualTo(1);
    }
  }

  /** Rows of every table but the audit's, once nothing moves any more. */
  private static Map<String, Long> settledCounts(ServicesProcess services) {
    Map<String, Long> last = new TreeMap<>();
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(700))
        .until(
            () -> {
              Map<String, Long> now = counts(services);
              boolean still = now.equals(last);
              last.clear();
              last.putAll(now);
              return still;
            });
    return last;
  }

  private static Map<String, Long> counts(ServicesProcess services) throws SQLException {
    Map<String, Long> counts = new TreeMap<>();
    try (Connection connection = connect(services);
        Statement statement = connection.createStatement()) {
      try (ResultSet tables = statement.executeQuery(TABLES)) {
        while (tables.next()) {
          counts.put(tables.getString(1), 0L);
        }
      }
      for (Map.Entry<String, Long> table : counts.entrySet()) {
        try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM " + table.getKey())) {
          rows.next();
          table.setValue(rows.getLong(1));
        }
      }
    }
    return counts;
  }

  private static void tamper(ServicesProcess services) throws SQLException {
    try (Connection connection = connect(services);
        Statement statement = connection.createStatement()) {
      statement.execute("SET session_replication_role = replica");
      statement.execute("UPDATE audit_entry SET actor = 'somebody' WHERE number = 2");
    }
  }

  private static Connection connect(ServicesProcess services) throws SQLException {
    URI url = URI.create(services.postgresUrl());
    String[] login = url.getUserInfo().split(":", 2);
    return DriverManager.getConnection(
        "jdbc:postgresql://%s:%d%s".formatted(url.getHost(), url.getPort(), url.getPath()),
        login[0],
        login[1]);
  }

  /** The exit code of what {@code ./twinloop audit verify} runs. */
  private int verify(ServicesProcess services) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            AuditMain.class.getName());
    builder.environment().put("TWINLOOP_POSTGRES_URL", services.postgresUrl());
    builder.redirectErrorStream(true).redirectOutput(folder.resolve("verify.log").toFile());
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
