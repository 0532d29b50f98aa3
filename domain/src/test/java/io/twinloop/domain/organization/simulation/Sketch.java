package io.twinloop.domain.organization.simulation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.simulation.Picture.Link;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The language of these tests: an organisation, told in a few words. */
final class Sketch {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, NodeContent> nodes = new TreeMap<>();
  private final List<Link> links = new ArrayList<>();

  /** A node; the properties with single quotes. */
  Sketch described(NodeType type, String id, String properties) {
    try {
      ObjectNode json = (ObjectNode) JSON.readTree(properties.replace('\'', '"'));
      nodes.put(id, new NodeContent(type, "The " + id, NodeProperties.of(json)));
      return this;
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  Sketch has(NodeType type, String... ids) {
    for (String id : ids) {
      described(type, id, "{}");
    }
    return this;
  }

  Sketch unit(String id, String partOf, String properties) {
    return described(NodeType.ORGANIZATION_UNIT, id, properties)
        .link(id, RelationType.PART_OF, partOf);
  }

  Sketch people(String unit, String... ids) {
    for (String id : ids) {
      has(NodeType.PERSON, id).link(id, RelationType.BELONGS_TO, unit);
    }
    return this;
  }

  /** Somebody who belongs to a unit and does not count there. */
  Sketch guest(String unit, String id) {
    has(NodeType.PERSON, id);
    links.add(new Link(id, RelationType.BELONGS_TO, unit, false));
    return this;
  }

  Sketch link(String source, RelationType type, String... targets) {
    for (String target : targets) {
      links.add(new Link(source, type, target));
    }
    return this;
  }

  Picture picture() {
    return Picture.of(nodes, links);
  }

  /** What the changes make of it, all of which can be made. */
  Outcome simulate(Change... changes) {
    WhatIf.Result result = WhatIf.simulate(picture(), List.of(changes));
    if (result instanceof WhatIf.Refused refused) {
      throw new AssertionError(refused);
    }
    return ((WhatIf.Compared) result).outcome();
  }

  /** Pointers and sentences of what is refused. */
  List<String> refusals(Change... changes) {
    return WhatIf.problems(picture(), List.of(changes)).stream()
        .map(problem -> problem.pointer() + ": " + problem.detail())
        .toList();
  }
}
