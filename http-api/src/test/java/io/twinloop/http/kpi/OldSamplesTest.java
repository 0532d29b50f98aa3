package io.twinloop.http.kpi;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleChunk;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.http.Endpoint;
import io.twinloop.http.TestServer;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.Sql;
import io.twinloop.projections.kpi.KpiQueries;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples from before what is kept one by one: days, or a refusal that says so. */
class OldSamplesTest {

  private static final Instant SINCE = Instant.parse("2026-01-03T12:00:00Z");
  private static final String SAMPLES = "/api/v1/kpis/k/samples";

  @TempDir static Path folder;
  private static PostgreSqlServer postgres;
  private static HikariDataSource dataSource;
  private static TestServer server;

  @BeforeAll
  static void start() throws SQLException {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    HikariConfig login = new HikariConfig();
    login.setJdbcUrl(postgres.jdbcUrl());
    login.setUsername(postgres.user());
    login.setPassword(postgres.password());
    dataSource = new HikariDataSource(login);
    ReadModelSchema.migrate(dataSource);
    Sample kept = Sample.of(SINCE.plusSeconds(60), 5, "test");
    try (Connection connection = dataSource.getConnection()) {
      Sql.update(
          connection,
          "INSERT INTO kpi_sample_chunk VALUES ('k', ?, ?, 1)",
          SampleChunk.hourOf(kept),
          SampleChunk.pack(List.of(kept)));
      Sql.update(connection, "INSERT INTO kpi_samples_kept VALUES ('k', ?)", SINCE);
      Sql.update(
          connection,
          "INSERT INTO kpi_sample_day VALUES ('k', ?, 4, 2, 1, 3), ('k', ?, 1, 1, 1, 1)",
          SINCE.getEpochSecond() / 86_400 - 1,
          SINCE.getEpochSecond() / 86_400);
    }
    KpiRoutes routes =
        new KpiRoutes(null, new KpiQueries(new Database(dataSource, Runnable::run)), null);
    server = TestServer.with(routes.endpoints().toArray(Endpoint[]::new)).start();
  }

  @AfterAll
  static void stop() {
    server.close();
    dataSource.close();
    postgres.kill();
    postgres.close();
  }

  @Test
  void shouldSayThatSamplesAreGone() {
    TestServer.Reply gone = server.get(SAMPLES + "?from=2026-01-02T00:00:00Z");

    assertThat(gone.statusCode()).isEqualTo(410);
    JsonNode problem = problem(gone);
    assertThat(problem.path("code").textValue()).isEqualTo("gone");
    assertThat(problem.path("detail").textValue()).contains("from 2026-01-03T12:00:00Z on");
    assertThat(server.get(SAMPLES + "?from=2026-01-02T00:00:00Z&step=1h").statusCode())
        .isEqualTo(410);
  }

  /** It came after its day was rolled up, and stays one by one until the next time. */
  @Test
  void shouldCountALateSampleIntoItsDay() throws SQLException {
    long day = SINCE.getEpochSecond() / 86_400 - 5;
    Sample late = Sample.of(Instant.ofEpochSecond(day * 86_400 + 60), 9, "test");
    try (Connection connection = dataSource.getConnection()) {
      Sql.update(
          connection,
          "INSERT INTO kpi_sample_chunk VALUES ('late', ?, ?, 1)",
          SampleChunk.hourOf(late),
          SampleChunk.pack(List.of(late)));
      Sql.update(connection, "INSERT INTO kpi_samples_kept VALUES ('late', ?)", SINCE);
      Sql.update(
          connection,
          "INSERT INTO kpi_sample_day VALUES ('late', ?, 1, 1, 1, 1), ('late', ?, 1, 1, 1, 1)",
          day,
          day + 1);
    }

    JsonNode days = json(server.get("/api/v1/kpis/late/samples?step=24h")).path("items");

    assertThat(days).hasSize(2);
    assertThat(days.at("/0/count").intValue()).isEqualTo(2);
    assertThat(days.at("/0/mean").doubleValue()).isEqualTo(5);
    assertThat(days.at("/1/count").intValue()).isEqualTo(1);
  }

  @Test
  void shouldShowWhatIsKept() {
    assertThat(json(server.get(SAMPLES)).path("items")).hasSize(1);
    assertThat(json(server.get(SAMPLES + "?from=2026-01-03T12:00:00Z")).path("items")).hasSize(1);
    assertThat(server.get("/api/v1/kpis/other/samples?from=1990-01-01T00:00:00Z").statusCode())
        .isEqualTo(200);
  }

  @Test
  void shouldShowDaysOfWhatIsGoneTogetherWithWhatIsKept() {
    JsonNode days = json(server.get(SAMPLES + "?step=24h")).path("items");
    JsonNode all =
        json(server.get(SAMPLES + "?from=2026-01-02T00:00:00Z&step=8760h")).path("items");

    assertThat(days).hasSize(2);
    assertThat(days.at("/0/count").intValue()).isEqualTo(4);
    assertThat(days.at("/1/count").intValue()).isEqualTo(2);
    assertThat(days.at("/1/mean").doubleValue()).isEqualTo(3);
    assertThat(days.at("/1/maximum").doubleValue()).isEqualTo(5);
    int counted = 0;
    for (JsonNode item : all) {
      counted += item.path("count").intValue();
    }
    assertThat(counted).isEqualTo(6);
  }
}
