package io.twinloop.domain.organization;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was told of one relation over time: the versions of it, each with the stretch of time in
 * which it held.
 *
 * <p>New properties hold from the moment they were told; a beginning or an end that was told
 * afterwards moves the stretches. A version can so turn out never to have held: its stretch is then
 * empty.
 *
 * @param versions in order of time, at least one; only the last can be without an end
 */
public record RelationTimeline(List<Version> versions) {

  /**
   * The relation in one wording.
   *
   * @param seqNr of the event that told it
   * @param from when it began to hold, included
   * @param until when it ceased to hold, excluded; absent while it holds
   */
  public record Version(long seqNr, Relation relation, Instant from, @Nullable Instant until) {

    private Version beginning(Instant begin, boolean first) {
      Relation known =
          new Relation(
              relation.type(),
              relation.targetId(),
              relation.targetType(),
              relation.properties(),
              begin);
      return new Version(
          seqNr,
          known,
          first ? begin : later(from, begin),
          until == null ? null : later(until, begin));
    }

    private Version until(Instant end) {
      return new Version(seqNr, relation, earlier(from, end), earlier(until, end));
    }
  }

  public RelationTimeline {
    versions = List.copyOf(versions);
    if (versions.isEmpty()) {
      throw new IllegalArgumentException("a relation has at least one version");
    }
  }

  /** A relation that begins. */
  public static RelationTimeline begun(long seqNr, Relation relation) {
    return new RelationTimeline(List.of(new Version(seqNr, relation, relation.validFrom(), null)));
  }

  /** The number of the event that began the relation. */
  public long firstSeqNr() {
    return versions.get(0).seqNr();
  }

  /** After the relation was told anew, at this time. */
  public RelationTimeline changed(long seqNr, Relation next, Instant at) {
    List<Version> moved = new ArrayList<>();
    for (Version version : versions) {
      moved.add(version.beginning(next.validFrom(), moved.isEmpty()));
    }
    Version last = moved.get(moved.size() - 1);
    if (!last.relation().equals(next)) {
      Instant since = later(last.from(), micros(at));
      moved.set(moved.size() - 1, last.until(since));
      moved.add(new Version(seqNr, next, since, null));
    }
    return new RelationTimeline(moved);
  }

  /** After the relation ended, at this time or, where it was to begin later, without beginning. */
  public RelationTimeline ended(Instant end) {
    Instant until = later(micros(end), versions.get(0).from());
    return new RelationTimeline(versions.stream().map(version -> version.until(until)).toList());
  }

  private static Instant micros(Instant instant) {
    return instant.truncatedTo(ChronoUnit.MICROS);
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  private static Instant earlier(@Nullable Instant one, Instant other) {
    return one != null && one.isBefore(other) ? one : other;
  }
}
