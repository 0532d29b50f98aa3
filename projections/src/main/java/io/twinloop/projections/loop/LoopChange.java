package io.twinloop.projections.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one event means for the loop it belongs to.
 *
 * @param correlationId of the loop
 * @param persistenceId and {@code seqNr}: the event, which counts once
 * @param at when it happened
 * @param phase of the loop it belongs to
 * @param what in a word or two
 * @param detail for people and programs that look closer
 * @param subject what the loop is about; only what begins a loop knows it
 * @param counts how it moves the loop's counters
 * @param effect how much nearer the value came to its baseline: 1 all the way, 0 not at all,
 *     negative farther away; only a measure knows it
 */
public record LoopChange(
    String correlationId,
    String persistenceId,
    long seqNr,
    Instant at,
    Phase phase,
    String what,
    ObjectNode detail,
    @Nullable Subject subject,
    Counts counts,
    @Nullable Double effect) {

  /** The four parts of a loop, in their order. */
  public enum Phase {
    SENSE,
    DECIDE,
    ACT,
    MEASURE;

    /** As it stands in the read model and in answers. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The same change, with the effect it measured. */
  public LoopChange withEffect(@Nullable Double measured) {
    return new LoopChange(
        correlationId, persistenceId, seqNr, at, phase, what, detail, subject, counts, measured);
  }

  /** What a loop is about. */
  public record Subject(String eventType, String entityId, String entityType, String priority) {}

  /** Changes of the counters that say whether a loop is still open. */
  public record Counts(int episodes, int openEpisodes, int workflows, int openWorkflows) {
    public static final Counts NONE = new Counts(0, 0, 0, 0);
    public static final Counts EPISODE_OPENED = new Counts(1, 1, 0, 0);
    public static final Counts EPISODE_CLOSED = new Counts(0, -1, 0, 0);
    public static final Counts WORKFLOW_STARTED = new Counts(0, 0, 1, 1);
    public static final Counts WORKFLOW_ENDED = new Counts(0, 0, 0, -1);
    public static final Counts WORKFLOW_REOPENED = new Counts(0, 0, 0, 1);
  }
}
