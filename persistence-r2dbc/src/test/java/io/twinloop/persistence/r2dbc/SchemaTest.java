package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class SchemaTest {

  private static TestPostgres postgres;

  @BeforeAll
  static void start() {
    postgres = TestPostgres.ownServer();
  }

  @AfterAll
  static void stop() {
    postgres.close();
  }

  /** Columns of Apache Pekko's R2DBC plugin for PostgreSQL: the way out for a stored history. */
  private static final List<String> APACHE_JOURNAL =
      List.of(
          "slice|integer|NO",
          "entity_type|character varying(255)|NO",
          "persistence_id|character varying(255)|NO",
          "seq_nr|bigint|NO",
          "db_timestamp|timestamp with time zone|NO",
          "event_ser_id|integer|NO",
          "event_ser_manifest|character varying(255)|NO",
          "event_payload|bytea|NO",
          "deleted|boolean|NO",
          "writer|character varying(255)|NO",
          "adapter_manifest|character varying(255)|YES",
          "tags|text[]|YES",
          "meta_ser_id|integer|YES",
          "meta_ser_manifest|character varying(255)|YES",
          "meta_payload|bytea|YES");

  private static final List<String> APACHE_SNAPSHOT =
      List.of(
          "slice|integer|NO",
          "entity_type|character varying(255)|NO",
          "persistence_id|character varying(255)|NO",
          "seq_nr|bigint|NO",
          "write_timestamp|bigint|NO",
          "ser_id|integer|NO",
          "ser_manifest|character varying(255)|NO",
          "snapshot|bytea|NO",
          "meta_ser_id|integer|YES",
          "meta_ser_manifest|character varying(255)|YES",
          "meta_payload|bytea|YES");

  @Test
  void shouldHaveTheColumnsOfTheApachePluginAndTwoMore() {
    PostgresSettings settings = postgres.newDatabase();

    assertThat(columns(settings, "event_journal"))
        .containsExactlyElementsOf(
            Stream.concat(APACHE_JOURNAL.stream(), Stream.of("db_xid|xid8|NO", "ordinal|bigint|NO"))
                .toList());
    assertThat(columns(settings, "snapshot")).containsExactlyElementsOf(APACHE_SNAPSHOT);
    assertThat(primaryKey(settings, "event_journal"))
        .isEqualTo("PRIMARY KEY (persistence_id, seq_nr)");
    assertThat(primaryKey(settings, "snapshot")).isEqualTo("PRIMARY KEY (persistence_id)");
  }

  @Test
  void shouldFillInItsOwnColumnsForAWriterThatDoesNotKnowThem() {
    PostgresSettings settings = postgres.newDatabase();
    TestPostgres.execute(
        settings,
        """
        INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp, event_ser_id,
          event_ser_manifest, event_payload, writer)
        VALUES (1, 'Thing', 'Thing|a', 1, now(), 20, '', 'x', 'w')
        """);

    assertThat(
            TestPostgres.value(
                settings,
                "SELECT ordinal, db_xid < pg_current_xact_id(), deleted FROM event_journal"))
        .isEqualTo("1|t|f");
  }

  @Test
  void shouldNotCompressPayloads() {
    PostgresSettings settings = postgres.newDatabase();

    assertThat(
            TestPostgres.rows(
                settings,
                """
                SELECT attname, attstorage FROM pg_attribute
                WHERE attname IN ('event_payload', 'snapshot') AND attnum > 0
                  AND attrelid IN ('event_journal'::regclass, 'snapshot'::regclass)
                ORDER BY attname
                """))
        .containsExactly("event_payload|e", "snapshot|e");
  }

  /** Again and again: nodes that race for a new database fail only now and then. */
  @RepeatedTest(5)
  void shouldMigrateOnceWhenManyNodesStartTogether() {
    PostgresSettings settings = postgres.newEmptyDatabase();
    ExecutorService nodes = Executors.newFixedThreadPool(4);
    List<CompletableFuture<Integer>> migrations =
        Stream.generate(() -> CompletableFuture.supplyAsync(() -> Schema.migrate(settings), nodes))
            .limit(4)
            .toList();

    assertThat(migrations.stream().mapToInt(CompletableFuture::join).sum()).isEqualTo(1);
    nodes.shutdown();
  }

  @Test
  void shouldLiveBesideTablesOfOtherModules() {
    PostgresSettings settings = postgres.newEmptyDatabase();
    TestPostgres.execute(settings, "CREATE TABLE someone_elses (id integer)");

    assertThat(Schema.migrate(settings)).isEqualTo(1);
    assertThat(Schema.migrate(settings)).isZero();
    assertThat(columns(settings, "persistence_schema_history")).isNotEmpty();
  }

  @Test
  void shouldReadSlicesInTheOrderOfTheIndexWithoutSorting() {
    PostgresSettings settings = postgres.newDatabase();
    TestPostgres.execute(
        settings,
        """
        INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp, event_ser_id,
          event_ser_manifest, event_payload, writer)
        SELECT n % 1024, 'Thing', 'Thing|' || n, 1, now(), 20, '', 'x', 'w' FROM generate_series(1, 20000) n
        """,
        "ANALYZE event_journal");

    String plan = String.join("\n", plan(settings));

    assertThat(plan).contains("Index Scan using event_journal_slice_idx");
    assertThat(plan).doesNotContain("Sort");
  }

  /**
   * The plan for any parameters, as PostgreSQL keeps it for a statement that was prepared long ago.
   */
  private static List<String> plan(PostgresSettings settings) {
    String prepare =
        "PREPARE page(text, int, int, text, bigint, text) AS "
            + JournalReads.pageOfSlices(
                new PersistenceSettings.Query(
                    1000,
                    1 << 20,
                    1 << 20,
                    java.time.Duration.ZERO,
                    java.time.Duration.ZERO,
                    java.time.Duration.ZERO,
                    java.time.Duration.ZERO));
    try (var connection = TestPostgres.connect(settings);
        var statement = connection.createStatement()) {
      for (var option : ConnectionFactories.READ_BY_INDEX.entrySet()) {
        statement.execute("SET " + option.getKey() + " = " + option.getValue());
      }
      statement.execute("SET plan_cache_mode = force_generic_plan");
      statement.execute(prepare);
      try (var rows =
          statement.executeQuery(
              "EXPLAIN EXECUTE page('Thing', 0, 255, '0', 0, '9223372036854775807')")) {
        List<String> lines = new java.util.ArrayList<>();
        while (rows.next()) {
          lines.add(rows.getString(1));
        }
        return lines;
      }
    } catch (java.sql.SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> columns(PostgresSettings settings, String table) {
    return TestPostgres.rows(
        settings,
        """
        SELECT attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END
        FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped
        ORDER BY attnum
        """
            .formatted(table));
  }

  private static String primaryKey(PostgresSettings settings, String table) {
    return TestPostgres.value(
        settings,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = '%s'::regclass"
            .formatted(table));
  }
}
