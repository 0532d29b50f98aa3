package io.twinloop.multijvm.chaos;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.persistence.r2dbc.PostgresReadJournal;
import io.twinloop.projections.ProjectionSession;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.kpi.KpiReadModel;
import io.twinloop.projections.organization.OrgNodeReadModel;
import io.twinloop.projections.process.ProcessCaseReadModel;
import io.twinloop.projections.process.ProcessFlowReadModel;
import io.twinloop.projections.workflow.WorkflowDefinitionReadModel;
import io.twinloop.projections.workflow.WorkflowReadModel;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.PersistenceQuery;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.stream.javadsl.Sink;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The journal, read from its first event to its last in this process, by no node: what it holds of
 * each request, and the read models that follow from it, written anew into a database of their own.
 */
public final class StoredHistory {

  private static final String REPLAYED = "replayed";
  private static final int LAST_SLICE = 1023;
  private static final int GROUP = 500;
  private static final long PATIENCE_SECONDS = 180;

  /**
   * Where the journal holds something.
   *
   * @param entity persistence id
   * @param number of the event, from 1 for each entity
   */
  public record Place(String entity, long number) {}

  private final Map<String, List<Place>> samples = new HashMap<>();
  private final Map<String, List<Place>> changes = new HashMap<>();
  private final Map<String, List<Place>> adjustments = new HashMap<>();
  private final PGSimpleDataSource replayed;
  private long events;

  private StoredHistory(PGSimpleDataSource replayed) {
    this.replayed = replayed;
  }

  /**
   * Reads the journal of a database and writes the read models into another one beside it, which is
   * made anew.
   *
   * @param url {@code postgresql://user:password@host:port/database}
   */
  public static StoredHistory read(String url) {
    PGSimpleDataSource source = dataSource(url);
    PGSimpleDataSource target = dataSource(url);
    target.setDatabaseName(REPLAYED);
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("DROP DATABASE IF EXISTS " + REPLAYED);
      statement.execute("CREATE DATABASE " + REPLAYED);
      ReadModelSchema.migrate(target);
    } catch (SQLException e) {
      throw new IllegalStateException("No database for a replay", e);
    }
    StoredHistory history = new StoredHistory(target);
    ActorSystem system = ActorSystem.create("replay", config(url));
    try {
      PostgresReadJournal journal =
          PersistenceQuery.get(system)
              .getReadJournalFor(PostgresReadJournal.class, PostgresReadJournal.IDENTIFIER);
      history.replay(system, journal);
      return history;
    } finally {
      system.terminate();
      await(system.getWhenTerminated().toCompletableFuture());
    }
  }

  /** A data source for a URL of ours. */
  static PGSimpleDataSource dataSource(String url) {
    java.net.URI uri = java.net.URI.create(url);
    String[] user = uri.getUserInfo().split(":", 2);
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {uri.getHost()});
    source.setPortNumbers(new int[] {uri.getPort()});
    source.setDatabaseName(uri.getPath().substring(1));
    source.setUser(user[0]);
    source.setPassword(user[1]);
    return source;
  }

  /** Where a sample with this source stands; once for each time it was taken. */
  public List<Place> samplesOf(String source) {
    return samples.getOrDefault(source, List.of());
  }

  /** The changes of nodes that a request with this correlation id made. */
  public List<Place> changesOf(String correlationId) {
    return changes.getOrDefault(correlationId, List.of());
  }

  /** The changes of headcounts that count once, by the id of their event. */
  public List<Place> adjustmentsOf(String eventId) {
    return adjustments.getOrDefault(eventId, List.of());
  }

  /** How many events there are. */
  public long events() {
    return events;
  }

  /** The read models that follow from the journal. */
  PGSimpleDataSource replayed() {
    return replayed;
  }

  private static Config config(String url) {
    return ConfigFactory.parseMap(
            Map.of(
                "twinloop.persistence.postgres.url",
                url,
                "twinloop.persistence.pool.statement-timeout",
                "60s",
                "twinloop.persistence.query.current-wait",
                "60s",
                "pekko.actor.provider",
                "local",
                "pekko.loglevel",
                "WARNING"))
        .withFallback(ConfigFactory.load())
        .resolve();
  }

  private void replay(ActorSystem system, PostgresReadJournal journal) {
    Replay replay = new Replay(system, journal);
    replay.all(WorkflowDefinition.KEY.name(), new WorkflowDefinitionReadModel());
    this.<Kpi.Event>noteAll(
        replay.all(Kpi.KEY.name(), new KpiReadModel()),
        envelope -> {
          if (envelope.event() instanceof Kpi.SamplesTaken taken) {
            for (Sample sample : taken.samples().samples()) {
              note(samples, sample.source(), envelope);
            }
          }
        });
    this.<OrgNode.Event>noteAll(
        replay.all(OrgNode.KEY.name(), new OrgNodeReadModel()),
        envelope -> {
          String loop = envelope.event().cause().correlationId();
          if (envelope.event() instanceof OrgNode.NodeChanged changed) {
            if (changed.adjustmentId() != null) {
              note(adjustments, changed.adjustmentId(), envelope);
            } else if (loop != null) {
              note(changes, loop, envelope);
            }
          }
        });
    replay.all(ProcessFlow.KEY.name(), new ProcessFlowReadModel());
    replay.all(ProcessCase.KEY.name(), new ProcessCaseReadModel());
    replay.all(WorkflowInstance.KEY.name(), new WorkflowReadModel());
    events = replay.events;
  }

  private <E> void noteAll(
      List<EventEnvelope<E>> envelopes, java.util.function.Consumer<EventEnvelope<E>> how) {
    envelopes.forEach(how);
  }

  private static void note(
      Map<String, List<Place>> places, String what, EventEnvelope<?> envelope) {
    places
        .computeIfAbsent(what, first -> new ArrayList<>())
        .add(new Place(envelope.persistenceId(), envelope.sequenceNr()));
  }

  /** Reads each type of entity whole, and gives it to its read model. */
  private final class Replay {
    private final ActorSystem system;
    private final PostgresReadJournal journal;
    private long events;

    Replay(ActorSystem system, PostgresReadJournal journal) {
      this.system = system;
      this.journal = journal;
    }

    <E> List<EventEnvelope<E>> all(String entityType, ReadModel<E> model) {
      List<EventEnvelope<E>> envelopes =
          await(
              journal
                  .<E>currentEventsBySlices(entityType, 0, LAST_SLICE, Offset.noOffset())
                  .runWith(Sink.seq(), system)
                  .toCompletableFuture());
      ProjectionSession session = new ProjectionSession(replayed);
      try (Connection connection = session.connection()) {
        for (int from = 0; from < envelopes.size(); from += GROUP) {
          model.process(session, envelopes.subList(from, Math.min(envelopes.size(), from + GROUP)));
          connection.commit();
        }
      } catch (SQLException e) {
        throw new IllegalStateException("The events of " + entityType + " can't be replayed", e);
      }
      events += envelopes.size();
      return envelopes;
    }
  }

  private static <T> T await(java.util.concurrent.CompletableFuture<T> future) {
    try {
      return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("The journal can't be read", e);
    }
  }
}
