package io.twinloop.cluster;

import io.twinloop.http.Endpoint;
import io.twinloop.http.Stages;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * Lets requests in, and their answers out, only while this node is known to be a member: what it
 * reads from its memory is then true. An answer that is ready waits for the confirmation too, since
 * the node may have stood still after the question.
 */
final class Fence {

  private final Membership membership;

  Fence(Membership membership) {
    this.membership = membership;
  }

  /** The endpoint, with a fence before and behind it. */
  Endpoint guard(Endpoint endpoint) {
    return endpoint.withHandler(
        call ->
            Stages.flatMap(
                membership.isConfirmed()
                    ? endpoint.handler().handle(call)
                    : Stages.flatMap(
                        membership.confirmed(), member -> endpoint.handler().handle(call)),
                this::released));
  }

  /** A stream has begun before; its reader is told the end when the node ends. */
  private CompletionStage<HttpResponse> released(HttpResponse answer) {
    return membership.isConfirmed() || !answer.entity().isStrict()
        ? CompletableFuture.completedStage(answer)
        : Stages.map(membership.confirmed(), member -> answer);
  }
}
