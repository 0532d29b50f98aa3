package io.twinloop.domain.organization;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What changed in a node's content.
 *
 * @param label absent where it stays
 * @param properties those that change, by name
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record NodeChange(
    @Nullable LabelChange label, SortedMap<String, PropertyChange> properties) {

  public NodeChange {
    properties = Collections.unmodifiableSortedMap(new TreeMap<>(properties));
  }

  /** A label before and after a change. */
  public record LabelChange(String before, String after) {}

  /** The change from one content to another of the same type. */
  static NodeChange between(NodeContent before, NodeContent after) {
    return new NodeChange(
        before.label().equals(after.label())
            ? null
            : new LabelChange(before.label(), after.label()),
        before.properties().changesTo(after.properties()));
  }
}
