package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.bus.EventData;
import io.twinloop.projections.bus.EventData.RefusedException;
import io.twinloop.serialization.Json;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** Nodes as the effects of events ask and change them; what a node refuses, the effect refuses. */
final class TwinNodes {

  private final Entities entities;

  TwinNodes(Entities entities) {
    this.entities = entities;
  }

  /** The node that a field of the payload names, which has to be there and of this type. */
  CompletionStage<OrgNode.Current> known(EventData data, String field, String id, NodeType type) {
    return find(id)
        .thenApply(
            found ->
                found
                    .filter(node -> node.content().type() == type && !node.retired())
                    .orElseThrow(
                        () ->
                            new RefusedException(
                                Refusals.NOT_FOUND,
                                "data.%s is '%s', and there is no such %s in the twin%s."
                                    .formatted(
                                        field,
                                        id,
                                        type.wireName(),
                                        found.isEmpty()
                                            ? ""
                                            : found.get().retired()
                                                ? " any more"
                                                : " but a "
                                                    + found.get().content().type().wireName()))));
  }

  /** The node with this id, also a retired one. */
  CompletionStage<Optional<OrgNode.Current>> find(String id) {
    return entities
        .<OrgNode.Command, OrgNode.Reply>ask(OrgNode.KEY, id, OrgNode.Get::new)
        .thenApply(
            reply ->
                reply instanceof OrgNode.Current current ? Optional.of(current) : Optional.empty());
  }

  /** Sets properties of a node; what is null is taken away. */
  CompletionStage<OrgNode.Accepted> patch(String id, ObjectNode properties, Cause cause) {
    ObjectNode patch = Json.MAPPER.createObjectNode();
    patch.set("properties", properties);
    return ask(id, replyTo -> new OrgNode.Patch(patch, null, cause, replyTo));
  }

  CompletionStage<OrgNode.Accepted> ask(
      String id, Function<ActorRef<OrgNode.Reply>, OrgNode.Command> command) {
    return entities
        .<OrgNode.Command, OrgNode.Reply>ask(OrgNode.KEY, id, command)
        .thenApply(TwinNodes::accepted);
  }

  static OrgNode.Accepted accepted(OrgNode.Reply reply) {
    if (reply instanceof OrgNode.Rejected rejected) {
      throw new RefusedException(rejected.code(), rejected.sentence());
    }
    return (OrgNode.Accepted) reply;
  }
}
