package io.twinloop.cluster;

import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.entities.workflow.WorkflowDefinition;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;

/**
 * What a node does before it joins, so that entities that move to it don't wait for it to load its
 * classes and to connect to PostgreSQL: it recovers one entity of each kind, of which nothing is
 * stored, and asks it for its state. Nothing is written.
 */
final class WarmUp {

  private static final String ID = ".warm-up.";

  private final ActorSystem<?> system;
  private final Clock clock;

  WarmUp(ActorSystem<?> system, Clock clock) {
    this.system = system;
    this.clock = clock;
  }

  /** Done when all have answered. */
  CompletableFuture<Void> run() {
    return CompletableFuture.allOf(
        recover(Kpi.KEY, Kpi.create(ID, clock), Kpi.Get::new),
        recover(OrgNode.KEY, OrgNode.create(ID, clock), OrgNode.Get::new),
        recover(ProcessCase.KEY, ProcessCase.create(ID, clock), ProcessCase.Get::new),
        recover(ProcessFlow.KEY, ProcessFlow.create(ID, clock), ProcessFlow.Get::new),
        recover(
            WorkflowDefinition.KEY,
            WorkflowDefinition.create(ID, clock),
            (ActorRef<WorkflowDefinition.Reply> replyTo) ->
                new WorkflowDefinition.Get(null, replyTo)));
  }

  private <C, R> CompletableFuture<Void> recover(
      EntityTypeKey<C> key, Behavior<C> entity, Function<ActorRef<R>, C> question) {
    CompletableFuture<Void> answered = new CompletableFuture<>();
    Behavior<R> asking =
        Behaviors.setup(
            context -> {
              context.spawn(entity, key.name()).tell(question.apply(context.getSelf()));
              return Behaviors.receiveMessage(
                  reply -> {
                    answered.complete(null);
                    return Behaviors.stopped();
                  });
            });
    system.systemActorOf(asking, "warm-up-" + key.name(), Props.empty());
    return answered;
  }
}
