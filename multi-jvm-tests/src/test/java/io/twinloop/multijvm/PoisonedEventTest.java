package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An event that can't be taken stops its slice range and nothing else, until somebody says so. */
class PoisonedEventTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> KPIS =
      IntStream.range(0, 12).mapToObj(number -> "kpi-" + number).toList();

  /** Of the first quarter of all slices, where KPIs of the list lie too. */
  private static final int POISONED_SLICE = 17;

  /** Bytes that no serializer wrote, in the place of an event of an entity that nobody asks. */
  private static final String UNREADABLE =
      """
      INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp,
        event_ser_id, event_ser_manifest, event_payload, writer)
      SELECT %d, 'Kpi', 'Kpi|garbled', 1, now(), event_ser_id, event_ser_manifest,
        '\\xdeadbeef'::bytea, 'nobody'
      FROM event_journal WHERE entity_type = 'Kpi' LIMIT 1
      """
          .formatted(POISONED_SLICE);

  /** The read model can't write one KPI, whatever comes. */
  private static final String CURSE =
      """
      CREATE FUNCTION curse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'cursed'; END $$;
      CREATE TRIGGER curse BEFORE INSERT OR UPDATE ON kpi FOR EACH ROW
      WHEN (NEW.id = 'cursed') EXECUTE FUNCTION curse()
      """;

  @TempDir Path folder;

  @Test
  void shouldStandStillWhereBytesCannotBeReadUntilAnOperatorSkipsThem() throws Exception {
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node = NodeProcess.named("a", folder).using(services).start()) {
      Twin twin = new Twin(node::url);
      KPIS.forEach(twin::defineKpi);
      awaitRanges(twin, "kpi-read-model", range -> range.get("lag").asInt() == 0);

      execute(services, UNREADABLE);

      for (String projection : List.of("kpi-read-model", "kpi-publisher", "spend-forecast")) {
        JsonNode stuck = awaitStuck(twin, projection);
        assertThat(stuck.get("key").asText()).isEqualTo("Kpi-0-255");
        assertThat(stuck.at("/failure/event/persistenceId").asText()).isEqualTo("Kpi|garbled");
        assertThat(stuck.at("/failure/error").asText()).contains("4 bytes can't be read");
      }
      assertThat(node.status("/health/events")).as("visible").isEqualTo(Optional.of(503));
      assertThat(node.isReady()).as("the node serves all the same").isTrue();
      List<String> arriving = slices(services, "Kpi-0-255", false);
      List<String> standing = slices(services, "Kpi-0-255", true);
      sample(twin);
      assertThat(arriving).as("KPIs of other ranges").isNotEmpty();
      arriving.forEach(kpi -> awaitSamples(twin, kpi, 1));
      assertThat(standing).as("KPIs of the range that stands").isNotEmpty();
      standing.forEach(kpi -> assertThat(samples(twin, kpi)).as(kpi).isZero());

      skip(twin, "kpi-read-model");
      skip(twin, "kpi-publisher");
      skip(twin, "spend-forecast");

      KPIS.forEach(kpi -> awaitSamples(twin, kpi, 1));
      await().atMost(PATIENCE).until(() -> node.status("/health/events").equals(Optional.of(200)));
      assertThat(audited(twin)).hasSize(3);
    }
  }

  @Test
  void shouldStandStillWhereTheReadModelThrowsUntilAnOperatorSkipsTheEvent() throws Exception {
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node = NodeProcess.named("a", folder).using(services).start()) {
      Twin twin = new Twin(node::url);
      KPIS.forEach(twin::defineKpi);
      awaitRanges(twin, "kpi-read-model", range -> range.get("lag").asInt() == 0);
      execute(services, CURSE);

      twin.defineKpi("cursed");
      JsonNode stuck = awaitStuck(twin, "kpi-read-model");
      sample(twin);

      assertThat(stuck.at("/failure/event/persistenceId").asText()).isEqualTo("Kpi|cursed");
      assertThat(stuck.at("/failure/error").asText()).contains("cursed");
      assertThat(projections(twin))
          .filteredOn(range -> range.path("failure").isObject())
          .as("only this range of this projection")
          .hasSize(1);
      List<String> others = slices(services, stuck.get("key").asText(), false);
      others.forEach(kpi -> awaitSamples(twin, kpi, 1));

      skip(twin, "kpi-read-model");

      KPIS.forEach(kpi -> awaitSamples(twin, kpi, 1));
      assertThat(audited(twin)).hasSize(1);
    }
  }

  private static void skip(Twin twin, String projection) {
    Twin.Answer answer = twin.change("POST", "/api/v1/projections/" + projection + "/skip", "{}");
    assertThat(answer.status()).as("%s", answer.body()).isEqualTo(200);
    assertThat(answer.body().get("skipped")).hasSize(1);
  }

  private static List<JsonNode> audited(Twin twin) {
    return twin.all("/api/v1/audit").stream()
        .filter(entry -> entry.toString().contains("/skip"))
        .toList();
  }

  private static void sample(Twin twin) {
    for (String kpi : KPIS) {
      Twin.Answer answer = twin.takeSamples(kpi, "test", List.of(new Twin.Point(Instant.now(), 5)));
      assertThat(answer.isOk()).as("%s", answer.body()).isTrue();
    }
  }

  private static int samples(Twin twin, String kpi) {
    return twin.samples(kpi).size();
  }

  private static void awaitSamples(Twin twin, String kpi, int count) {
    await(kpi).atMost(PATIENCE).until(() -> samples(twin, kpi) == count);
  }

  private static JsonNode awaitStuck(Twin twin, String projection) {
    List<JsonNode> stuck = new ArrayList<>();
    await(projection + " stuck on an event")
        .atMost(PATIENCE)
        .until(
            () -> {
              stuck.clear();
              ranges(twin, projection)
                  .filter(range -> range.at("/failure/event").isObject())
                  .forEach(stuck::add);
              return !stuck.isEmpty();
            });
    assertThat(stuck).hasSize(1);
    return stuck.get(0);
  }

  private static void awaitRanges(Twin twin, String projection, Predicate<JsonNode> all) {
    await(projection).atMost(PATIENCE).until(() -> ranges(twin, projection).allMatch(all));
  }

  private static Stream<JsonNode> ranges(Twin twin, String projection) {
    return projections(twin).stream()
        .filter(range -> range.get("name").asText().equals(projection));
  }

  private static List<JsonNode> projections(Twin twin) {
    List<JsonNode> items = new ArrayList<>();
    twin.get("/api/v1/projections").body().get("items").forEach(items::add);
    return items;
  }

  /** KPIs of the list that lie in a range, or outside of it. */
  private static List<String> slices(ServicesProcess services, String key, boolean inside)
      throws SQLException {
    String[] parts = key.split("-", -1);
    String sql =
        "SELECT DISTINCT substr(persistence_id, 5) FROM event_journal"
            + " WHERE persistence_id LIKE 'Kpi|kpi-%%' AND (slice BETWEEN %s AND %s) = %s"
                .formatted(parts[1], parts[2], inside);
    List<String> found = new ArrayList<>();
    try (Connection connection = connect(services);
        Statement statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        found.add(rows.getString(1));
      }
    }
    return found;
  }

  private static void execute(ServicesProcess services, String sql) throws SQLException {
    try (Connection connection = connect(services);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Connection connect(ServicesProcess services) throws SQLException {
    URI url = URI.create(services.postgresUrl());
    String[] login = url.getUserInfo().split(":", -1);
    return DriverManager.getConnection(
        "jdbc:postgresql://%s:%d%s".formatted(url.getHost(), url.getPort(), url.getPath()),
        login[0],
        login.length > 1 ? login[1] : "");
  }
}
