package io.twinloop.projections.process;

import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.LeadingEdge;
import io.twinloop.domain.process.LogFigures.Pair;
import io.twinloop.domain.process.RecentCases;
import io.twinloop.domain.process.ServiceLevel;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.bus.EventBus;
import io.twinloop.projections.bus.EventPublisher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;
import org.jspecify.annotations.Nullable;

/**
 * What the events of cases bring about: late ones are told to the outside; cases that ended go into
 * the flow of their process; cases that were taken while the service level changed are judged anew.
 *
 * <p>It waits for the read model first. So for a case that was taken under another service level
 * than the one that holds now, either this look at the process sees the new one, or {@link
 * JudgeCases}, coming later, sees the case.
 */
public final class FollowCases extends Handler<List<EventEnvelope<ProcessCase.Event>>> {

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final EventPublisher<ProcessCase.Event> publisher;
  private final Entities entities;
  private final ReadModelProgress progress;
  private final ServiceLevels serviceLevels;
  private final ProcessQueries queries;
  private final LeadingEdge rule;

  /**
   * Pairs of each process whose waits nobody serves, with how often they had occurred when that was
   * found; looked at again when they have occurred twice as often.
   */
  private final Map<String, Map<Pair, Long>> delays = new HashMap<>();

  public FollowCases(
      EventBus bus,
      Entities entities,
      ReadModelProgress progress,
      ServiceLevels serviceLevels,
      ProcessQueries queries,
      LeadingEdge rule) {
    this.publisher = new EventPublisher<>(bus, ProcessCaseEvents::of);
    this.entities = entities;
    this.progress = progress;
    this.serviceLevels = serviceLevels;
    this.queries = queries;
    this.rule = rule;
  }

  /** What a group says of one process. */
  private static final class Group {
    final List<ProcessFlow.Ended> ended = new ArrayList<>();
    final Map<String, ServiceLevel> takenUnder = new TreeMap<>();
    Cause cause = new Cause(null, "", "process");

    boolean isLive() {
      return ended.stream().anyMatch(ProcessFlow.Ended::live);
    }
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<ProcessCase.Event>> envelopes) {
    Map<String, Long> written = new HashMap<>();
    Map<String, Group> groups = new TreeMap<>();
    for (EventEnvelope<ProcessCase.Event> envelope : envelopes) {
      written.put(envelope.persistenceId(), envelope.sequenceNr());
      ProcessCase.Event event = envelope.event();
      Group group = groups.computeIfAbsent(event.processId(), id -> new Group());
      group.cause = new Cause(null, event.cause().causationId(), event.cause().actor());
      if (event instanceof ProcessCase.EventsTaken taken) {
        group.takenUnder.put(ReadModel.entityId(envelope), taken.serviceLevel());
      } else if (event instanceof ProcessCase.ServiceLevelChanged changed) {
        group.takenUnder.put(ReadModel.entityId(envelope), changed.serviceLevel());
      } else if (event instanceof ProcessCase.CaseClosed closed) {
        group.ended.add(
            new ProcessFlow.Ended(
                new RecentCases.Closed(closed.caseId(), closed.endedAt(), closed.durationDays()),
                closed.live()));
      }
    }
    CompletionStage<Done> done =
        publisher.process(envelopes).thenCompose(published -> awaitReadModel(written));
    for (Map.Entry<String, Group> group : groups.entrySet()) {
      done = done.thenCompose(before -> follow(group.getKey(), group.getValue()));
    }
    return done;
  }

  private CompletionStage<Done> awaitReadModel(Map<String, Long> written) {
    return progress
        .await(written, LONGEST_WAIT)
        .thenApply(
            ready -> {
              if (!ready) {
                throw new IllegalStateException(
                    "The read model of cases has not come as far within " + LONGEST_WAIT);
              }
              return Done.getInstance();
            });
  }

  private CompletionStage<Done> follow(String processId, Group group) {
    return serviceLevels
        .find(processId)
        .thenCompose(
            found -> {
              ServiceLevel now =
                  found instanceof ServiceLevels.Known process
                      ? process.serviceLevel()
                      : ServiceLevel.NONE;
              return judge(group, now).thenCompose(judged -> close(processId, group, now));
            });
  }

  private CompletionStage<Done> judge(Group group, ServiceLevel now) {
    List<String> outdated =
        group.takenUnder.entrySet().stream()
            .filter(taken -> !sameDays(taken.getValue().days(), now.days()))
            .map(Map.Entry::getKey)
            .toList();
    return JudgeCases.judge(entities, outdated, now, group.cause);
  }

  private static boolean sameDays(@Nullable Double one, @Nullable Double other) {
    return one == null ? other == null : one.equals(other);
  }

  private CompletionStage<Done> close(String processId, Group group, ServiceLevel now) {
    if (group.ended.isEmpty()) {
      return CompletableFuture.completedStage(Done.getInstance());
    }
    return this.<ProcessFlow.Reply>flow(
            processId, replyTo -> new ProcessFlow.Close(group.ended, group.cause, replyTo))
        .thenCompose(
            reply ->
                group.isLive()
                    ? lead(processId, group.cause, now, ((ProcessFlow.Current) reply).bottleneck())
                    : CompletableFuture.completedStage(Done.getInstance()));
  }

  /** Sees whether another place leads now; looks at every case only when one does. */
  private CompletionStage<Done> lead(
      String processId, Cause cause, ServiceLevel now, @Nullable Bottleneck known) {
    Pair before = known == null ? null : new Pair(known.from(), known.to());
    return queries
        .pairs(processId)
        .thenCompose(
            totals -> {
              Optional<Pair> leading = rule.among(servedBySomebody(processId, totals), before);
              if (leading.equals(Optional.ofNullable(before))) {
                return CompletableFuture.completedStage(Done.getInstance());
              }
              if (leading.isEmpty()) {
                return tell(processId, null, cause, now);
              }
              return queries
                  .analysis(processId)
                  .thenCompose(
                      analysis ->
                          analysed(processId, cause, now, known, leading.get(), analysis, totals));
            });
  }

  private CompletionStage<Done> analysed(
      String processId,
      Cause cause,
      ServiceLevel now,
      @Nullable Bottleneck known,
      Pair leading,
      Optional<ProcessQueries.Analysis> analysis,
      List<LeadingEdge.Total> totals) {
    Optional<Bottleneck> found =
        analysis.stream()
            .flatMap(all -> all.bottlenecks().stream())
            .filter(place -> leading.equals(new Pair(place.from(), place.to())))
            .findFirst();
    if (found.isPresent() && found.get().kind() != Bottleneck.Kind.FIXED_DELAY) {
      return tell(processId, found.get(), cause, now);
    }
    long count =
        totals.stream()
            .filter(total -> total.pair().equals(leading))
            .mapToLong(LeadingEdge.Total::count)
            .sum();
    synchronized (delays) {
      delays.computeIfAbsent(processId, id -> new HashMap<>()).put(leading, count);
    }
    return lead(processId, cause, now, known);
  }

  private List<LeadingEdge.Total> servedBySomebody(
      String processId, List<LeadingEdge.Total> totals) {
    synchronized (delays) {
      Map<Pair, Long> known = delays.getOrDefault(processId, Map.of());
      // Their waits still belong to all waiting, but they can't lead.
      return totals.stream()
          .map(
              total ->
                  total.count() < 2 * known.getOrDefault(total.pair(), 0L)
                      ? new LeadingEdge.Total(total.pair(), 0, total.waitMillis())
                      : total)
          .toList();
    }
  }

  private CompletionStage<Done> tell(
      String processId, @Nullable Bottleneck bottleneck, Cause cause, ServiceLevel now) {
    return this.<ProcessFlow.Reply>flow(
            processId,
            replyTo -> new ProcessFlow.Lead(bottleneck, now.ownerUnitId(), cause, replyTo))
        .thenApply(reply -> Done.getInstance());
  }

  private <R> CompletionStage<R> flow(
      String processId, Function<ActorRef<R>, ProcessFlow.Command> command) {
    return entities.ask(ProcessFlow.KEY, processId, command);
  }
}
