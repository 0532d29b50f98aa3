package io.twinloop.projections.process;

import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.process.ServiceLevel;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.projections.ReadModel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;

/**
 * When the service level of a process is set or changed, the cases it concerns are judged by it. A
 * case that the read model does not have yet is judged by {@link FollowCases}.
 */
public final class JudgeCases extends Handler<List<EventEnvelope<OrgNode.Event>>> {

  private static final int PAGE = 200;

  private final Entities entities;
  private final ServiceLevels serviceLevels;
  private final ProcessQueries queries;

  public JudgeCases(Entities entities, ServiceLevels serviceLevels, ProcessQueries queries) {
    this.entities = entities;
    this.serviceLevels = serviceLevels;
    this.queries = queries;
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<OrgNode.Event>> envelopes) {
    Map<String, Cause> concerned = new LinkedHashMap<>();
    for (EventEnvelope<OrgNode.Event> envelope : envelopes) {
      if (setsServiceLevel(envelope.event())) {
        concerned.put(ReadModel.entityId(envelope), envelope.event().cause());
      }
    }
    CompletionStage<Done> done = CompletableFuture.completedStage(Done.getInstance());
    for (Map.Entry<String, Cause> process : concerned.entrySet()) {
      done = done.thenCompose(before -> judge(process.getKey(), process.getValue()));
    }
    return done;
  }

  private static boolean setsServiceLevel(OrgNode.Event event) {
    if (event instanceof OrgNode.NodeCreated created) {
      return created.content().type() == NodeType.PROCESS
          && created.content().properties().get("sla_days") != null;
    }
    return event instanceof OrgNode.NodeChanged changed
        && changed.change().properties().containsKey("sla_days");
  }

  private CompletionStage<Done> judge(String processId, Cause cause) {
    // No correlation id: each case that is late begins a loop.
    Cause own = new Cause(null, cause.causationId(), cause.actor());
    return serviceLevels
        .find(processId)
        .thenCompose(
            found ->
                found instanceof ServiceLevels.Known process
                    ? judge(processId, process.serviceLevel(), own, "")
                    : CompletableFuture.completedStage(Done.getInstance()));
  }

  private CompletionStage<Done> judge(
      String processId, ServiceLevel serviceLevel, Cause cause, String after) {
    return queries
        .toJudge(processId, serviceLevel.days(), after, PAGE)
        .thenCompose(
            page -> {
              if (page.isEmpty()) {
                return CompletableFuture.completedStage(Done.getInstance());
              }
              return judge(entities, page, serviceLevel, cause)
                  .thenCompose(
                      judged -> judge(processId, serviceLevel, cause, page.get(page.size() - 1)));
            });
  }

  /** Lets these cases be judged, all at a time. */
  static CompletionStage<Done> judge(
      Entities entities, List<String> cases, ServiceLevel serviceLevel, Cause cause) {
    CompletableFuture<?>[] asked =
        cases.stream()
            .map(
                id ->
                    entities
                        .<ProcessCase.Command, ProcessCase.Reply>ask(
                            ProcessCase.KEY,
                            id,
                            replyTo -> new ProcessCase.Judge(serviceLevel, cause, replyTo))
                        .toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(asked).thenApply(all -> Done.getInstance());
  }
}
