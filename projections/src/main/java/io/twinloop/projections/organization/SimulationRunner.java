package io.twinloop.projections.organization;

import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.simulation.WhatIf;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.projections.ReadModel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;

/**
 * Computes what simulations ask and tells them, one after the other. After a crash some are
 * computed again; a simulation keeps the first outcome it is told.
 */
public final class SimulationRunner extends Handler<List<EventEnvelope<Simulation.Event>>> {

  private static final String ACTOR = "simulation";

  private final OrgPictures pictures;
  private final Entities entities;

  public SimulationRunner(OrgPictures pictures, Entities entities) {
    this.pictures = pictures;
    this.entities = entities;
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<Simulation.Event>> envelopes) {
    CompletionStage<Done> done = CompletableFuture.completedStage(Done.getInstance());
    for (EventEnvelope<Simulation.Event> envelope : envelopes) {
      if (envelope.event() instanceof Simulation.SimulationRequested requested) {
        done = done.thenCompose(before -> run(envelope, requested));
      }
    }
    return done;
  }

  private CompletionStage<Done> run(
      EventEnvelope<Simulation.Event> envelope, Simulation.SimulationRequested requested) {
    String id = ReadModel.entityId(envelope);
    Cause cause =
        new Cause(requested.cause().correlationIdOr(id), requested.cause().causationId(), ACTOR);
    return pictures
        .whole(new AsOf(requested.plan().asOf()))
        .thenApply(picture -> WhatIf.simulate(picture, requested.plan().changes()))
        .exceptionally(SimulationRunner::tooLarge)
        .thenCompose(result -> tell(id, answer(result, cause)));
  }

  private static WhatIf.Result tooLarge(Throwable failure) {
    if (failure instanceof CompletionException wrapped
        && wrapped.getCause() instanceof OrgPictures.TooLargeException tooLarge) {
      return new WhatIf.Refused(List.of(new Problem("", tooLarge.getMessage())));
    }
    throw failure instanceof CompletionException wrapped
        ? wrapped
        : new CompletionException(failure);
  }

  private static Function<ActorRef<Simulation.Reply>, Simulation.Command> answer(
      WhatIf.Result result, Cause cause) {
    return replyTo ->
        result instanceof WhatIf.Compared compared
            ? new Simulation.Finish(compared.outcome(), cause, replyTo)
            : new Simulation.Fail(((WhatIf.Refused) result).problems(), cause, replyTo);
  }

  private CompletionStage<Done> tell(
      String id, Function<ActorRef<Simulation.Reply>, Simulation.Command> command) {
    return entities
        .<Simulation.Command, Simulation.Reply>ask(Simulation.KEY, id, command)
        .thenApply(
            reply -> {
              if (reply instanceof Simulation.Rejected rejected) {
                throw new IllegalStateException(rejected.sentence());
              }
              return Done.getInstance();
            });
  }
}
