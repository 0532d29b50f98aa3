package io.twinloop.projections;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The tables come into being in whatever database they find. */
class ReadModelSchemaTest {

  private static final String TABLES =
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename";

  private static final String VERSIONS =
      """
      SELECT version, success FROM read_model_schema_history
      WHERE version <> '0' ORDER BY installed_rank
      """;

  private ReadModels readModels;

  @BeforeEach
  void open() {
    readModels = TestPostgres.emptyReadModels();
  }

  @AfterEach
  void close() {
    readModels.close();
  }

  @Test
  void shouldMakeAllTablesInAnEmptyDatabase() {
    migrate();

    assertThat(tables())
        .contains("kpi", "loop", "workflow", "task", "timer", "inbox", "dead_letter", "outbox");
    assertThat(TestPostgres.rows(readModels, VERSIONS))
        .isNotEmpty()
        .allMatch(version -> version.endsWith("|t"));
  }

  @Test
  void shouldMakeThemBesideTheTablesOfAnother() {
    TestPostgres.execute(
        readModels.forQueries(),
        "CREATE TABLE event_journal (n INT)",
        "INSERT INTO event_journal VALUES (7)");

    migrate();

    assertThat(tables()).contains("event_journal", "kpi");
    assertThat(TestPostgres.rows(readModels, "SELECT n FROM event_journal")).containsExactly("7");
    assertThat(TestPostgres.rows(readModels, VERSIONS))
        .as("none is skipped because the database was not empty")
        .first()
        .asString()
        .startsWith("001");
  }

  @Test
  void shouldChangeNothingTheSecondTime() {
    migrate();
    List<String> versions = TestPostgres.rows(readModels, VERSIONS);
    TestPostgres.execute(
        readModels.forQueries(), "INSERT INTO kpi (id, definition) VALUES ('a', '{}')");

    migrate();

    assertThat(TestPostgres.rows(readModels, VERSIONS)).isEqualTo(versions);
    assertThat(TestPostgres.rows(readModels, "SELECT id FROM kpi")).containsExactly("a");
  }

  @Test
  void shouldLetSeveralNodesComeAtOnce() {
    assertThatCode(
            () ->
                join(
                    CompletableFuture.allOf(
                        Stream.generate(() -> CompletableFuture.runAsync(this::migrate))
                            .limit(3)
                            .toArray(CompletableFuture<?>[]::new))))
        .doesNotThrowAnyException();
    assertThat(tables()).contains("kpi", "loop");
  }

  private void migrate() {
    try {
      ReadModelSchema.migrate(readModels.forQueries());
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private List<String> tables() {
    return TestPostgres.rows(readModels, TABLES);
  }
}
