package io.twinloop.multijvm.chaos;

import com.typesafe.config.Config;
import io.twinloop.persistence.r2dbc.JournalOffset;
import io.twinloop.persistence.r2dbc.PostgresReadJournal;
import io.twinloop.persistence.r2dbc.PostgresReadJournalProvider;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.ReadJournalProvider;
import org.apache.pekko.persistence.query.javadsl.CurrentEventsByPersistenceIdQuery;
import org.apache.pekko.persistence.query.javadsl.ReadJournal;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.persistence.query.typed.javadsl.EventTimestampQuery;
import org.apache.pekko.persistence.query.typed.javadsl.EventsBySliceQuery;
import org.apache.pekko.persistence.query.typed.javadsl.LoadEventQuery;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * A reader with a mistake, for a test of the checker: it takes events in the order of their numbers
 * as soon as it sees them, and never looks back. What a slower transaction commits after a faster
 * one with higher numbers is skipped.
 */
final class GreedyReadJournal
    implements EventsBySliceQuery,
        CurrentEventsByPersistenceIdQuery,
        EventTimestampQuery,
        LoadEventQuery {

  /** The class a node is told to take. */
  static final String PROVIDER = Provider.class.getName();

  private static final long LOOK_MILLIS = 20;

  private static final String NEXT =
      """
      SELECT persistence_id, seq_nr, ordinal FROM event_journal
      WHERE entity_type = ? AND slice BETWEEN ? AND ? AND ordinal > ?
      ORDER BY ordinal LIMIT 500
      """;

  /** What a node is told to make instead of the right one. */
  static final class Provider implements ReadJournalProvider {
    private final PostgresReadJournalProvider right;
    private final GreedyReadJournal greedy;

    Provider(ExtendedActorSystem system, Config config, String configPath) {
      right = new PostgresReadJournalProvider(system, config, configPath);
      greedy =
          new GreedyReadJournal(
              right.javadslReadJournal(), PostgresSettings.read(system.settings().config()));
    }

    @Override
    public org.apache.pekko.persistence.query.scaladsl.ReadJournal scaladslReadJournal() {
      return right.scaladslReadJournal();
    }

    @Override
    public ReadJournal javadslReadJournal() {
      return greedy;
    }
  }

  private final PostgresReadJournal right;
  private final PostgresSettings postgres;

  /** One for all readers, which are more than PostgreSQL takes connections. */
  private @Nullable Connection connection;

  private GreedyReadJournal(PostgresReadJournal right, PostgresSettings postgres) {
    this.right = right;
    this.postgres = postgres;
  }

  private record Row(String persistenceId, long seqNr, long ordinal) {}

  @Override
  public <E> Source<EventEnvelope<E>, NotUsed> eventsBySlices(
      String entityType, int minSlice, int maxSlice, Offset offset) {
    return Source.unfoldAsync(
            JournalOffset.of(offset).ordinal(),
            last ->
                CompletableFuture.supplyAsync(
                    () -> {
                      List<Row> rows = next(entityType, minSlice, maxSlice, last);
                      long seen = rows.isEmpty() ? last : rows.get(rows.size() - 1).ordinal();
                      return Optional.of(Pair.create(seen, rows));
                    },
                    CompletableFuture.delayedExecutor(LOOK_MILLIS, TimeUnit.MILLISECONDS)))
        .mapConcat(rows -> rows)
        .mapAsync(1, row -> right.<E>loadEnvelope(row.persistenceId(), row.seqNr()));
  }

  private synchronized List<Row> next(String entityType, int minSlice, int maxSlice, long after) {
    try (PreparedStatement statement = connection().prepareStatement(NEXT)) {
      statement.setString(1, entityType);
      statement.setInt(2, minSlice);
      statement.setInt(3, maxSlice);
      statement.setLong(4, after);
      List<Row> rows = new ArrayList<>();
      try (ResultSet found = statement.executeQuery()) {
        while (found.next()) {
          rows.add(new Row(found.getString(1), found.getLong(2), found.getLong(3)));
        }
      }
      return rows;
    } catch (SQLException e) {
      throw new IllegalStateException("The journal can't be read", e);
    }
  }

  private Connection connection() throws SQLException {
    if (connection == null) {
      connection =
          DriverManager.getConnection(postgres.jdbcUrl(), postgres.user(), postgres.password());
    }
    return connection;
  }

  @Override
  public Source<org.apache.pekko.persistence.query.EventEnvelope, NotUsed>
      currentEventsByPersistenceId(String persistenceId, long fromSequenceNr, long toSequenceNr) {
    return right.currentEventsByPersistenceId(persistenceId, fromSequenceNr, toSequenceNr);
  }

  @Override
  public CompletionStage<Optional<Instant>> timestampOf(String persistenceId, long sequenceNr) {
    return right.timestampOf(persistenceId, sequenceNr);
  }

  @Override
  public <E> CompletionStage<EventEnvelope<E>> loadEnvelope(String persistenceId, long sequenceNr) {
    return right.loadEnvelope(persistenceId, sequenceNr);
  }

  @Override
  public int sliceForPersistenceId(String persistenceId) {
    return right.sliceForPersistenceId(persistenceId);
  }

  @Override
  public List<Pair<Integer, Integer>> sliceRanges(int numberOfRanges) {
    return right.sliceRanges(numberOfRanges);
  }
}
