package io.twinloop.domain.organization;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One statement of an organisation that comes in: a node, or a relation between two. */
public sealed interface ImportLine {

  /** What it speaks of, as text; two statements of the same thing have the same key. */
  String key();

  /** What it says, as text; two statements that say the same have the same text. */
  String wording();

  /** There is this node. */
  record NodeLine(String id, NodeContent content) implements ImportLine {
    @Override
    public String key() {
      return id;
    }

    @Override
    public String wording() {
      return content.type().wireName() + "\n" + content.label() + "\n" + content.properties();
    }
  }

  /**
   * There is this relation.
   *
   * @param validFrom since when it holds; absent means now, or for a relation that holds: unchanged
   */
  record RelationLine(
      String sourceId,
      RelationType relation,
      String targetId,
      NodeProperties properties,
      @Nullable Instant validFrom)
      implements ImportLine {

    @Override
    public String key() {
      // No id holds a space.
      return sourceId + " " + relation + " " + targetId;
    }

    @Override
    public String wording() {
      return properties + "\n" + validFrom;
    }

    /** With both ends, for sentences. */
    @Override
    public String toString() {
      return "%s from '%s' to '%s'".formatted(relation, sourceId, targetId);
    }
  }

  /** What became of reading a statement. */
  sealed interface Read permits Sound, Refused {}

  /** It can be taken. */
  record Sound(ImportLine line) implements Read {}

  /**
   * It cannot be taken.
   *
   * @param code stable, one of {@link ImportFault}
   * @param sentence quotes what is wrong
   */
  record Refused(String code, String sentence) implements Read {}
}
