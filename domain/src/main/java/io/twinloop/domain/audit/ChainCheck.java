package io.twinloop.domain.audit;

import io.twinloop.domain.audit.AuditLink.Head;
import java.util.Optional;

/**
 * Looks whether a chain is whole: takes its entries in order of their numbers, from the first one
 * kept to the last, and says where it is broken first.
 *
 * <p>It finds a changed, missing, added or moved entry, a missing end (the head names it) and a
 * beginning that was cut off without an entry that says so. Who can write all of the table and its
 * head can write another whole chain: only a head noted elsewhere shows that.
 */
public final class ChainCheck {

  /** What came of it. */
  public sealed interface Verdict {

    /** Nothing is changed, missing or added. */
    record Whole(long entries, Head head) implements Verdict {}

    /**
     * The first place that is not as it was written.
     *
     * @param number of the entry there
     */
    record Broken(long number, String sentence) implements Verdict {}
  }

  /** The number and the hash of an entry, noted where nobody reaches who can write the chain. */
  public record Noted(long number, AuditHash hash) {
    public Noted {
      if (number < 1) {
        throw new IllegalArgumentException(
            "There is no entry %d, expected 1 or more".formatted(number));
      }
    }
  }

  private final Head anchor;
  private final Optional<Noted> noted;
  private Head last;
  private long entries;
  private Optional<Cut> newestCut = Optional.empty();
  private Optional<Verdict.Broken> broken = Optional.empty();

  /**
   * @param anchor the last entry that was cut off, {@link Head#BEGINNING} when none was; its time
   *     doesn't matter
   */
  public ChainCheck(Head anchor) {
    this(anchor, Optional.empty());
  }

  /**
   * @param noted an entry that the chain must still go through
   * @throws IllegalArgumentException when that one was cut off, so that nothing tells any more
   */
  public ChainCheck(Head anchor, Optional<Noted> noted) {
    if (noted.isPresent() && noted.get().number() < anchor.number()) {
      throw new IllegalArgumentException(
          "entry %d was cut off for its age, the chain begins behind number %d; note a newer one."
              .formatted(noted.get().number(), anchor.number()));
    }
    this.anchor = anchor;
    this.noted = noted;
    this.last = new Head(anchor.number(), Head.BEGINNING.at(), anchor.hash());
  }

  /** Looks at the next entry; false when the chain is broken and the rest tells nothing. */
  public boolean accept(AuditLink link) {
    if (broken.isEmpty()) {
      broken = fault(link).or(() -> otherThanNoted(link.asHead()));
      entries++;
      last = link.asHead();
      newestCut = Cut.of(link.entry()).or(() -> newestCut);
    }
    return broken.isEmpty();
  }

  private Optional<Verdict.Broken> fault(AuditLink link) {
    long expected = last.number() + 1;
    if (link.number() > expected) {
      return broken(
          expected,
          "is missing: behind %s comes number %d.".formatted(lastInWords(), link.number()));
    }
    if (link.number() < expected) {
      return broken(link.number(), "stands where number %d is expected.".formatted(expected));
    }
    if (!link.followsFrom(last.hash())) {
      return broken(
          link.number(), "or its place was changed: its hash isn't that of what it says.");
    }
    if (link.at().isBefore(last.at())) {
      return broken(link.number(), "is of %s, before the one before it.".formatted(link.at()));
    }
    return Optional.empty();
  }

  /** The verdict, once every entry was looked at. */
  public Verdict end(Head head) {
    if (broken.isPresent()) {
      return broken.get();
    }
    if (last.number() < head.number()) {
      return brokenAt(
          last.number() + 1,
          "and all up to number %d are missing at the end.".formatted(head.number()));
    }
    if (last.number() > head.number()) {
      return brokenAt(
          head.number() + 1, "stands behind the end, which is number %d.".formatted(head.number()));
    }
    if (!last.hash().equals(head.hash())) {
      return brokenAt(last.number(), "is not the one the end was noted with.");
    }
    if (noted.isPresent() && noted.get().number() > head.number()) {
      return brokenAt(
          head.number() + 1,
          "and all up to number %d, which was noted elsewhere, are missing at the end."
              .formatted(noted.get().number()));
    }
    if (otherThanNoted(anchor).isPresent()) {
      return otherThanNoted(anchor).get();
    }
    Cut cut = newestCut.orElse(new Cut(0, AuditHash.NONE));
    if (cut.number() != anchor.number() || !cut.hash().equals(anchor.hash())) {
      return brokenAt(
          anchor.number(),
          "is where the chain is said to be cut off, but no entry says so: the last cut told of is at number %d."
              .formatted(cut.number()));
    }
    return new Verdict.Whole(entries, head);
  }

  private Optional<Verdict.Broken> otherThanNoted(Head entry) {
    return noted
        .filter(each -> each.number() == entry.number() && !each.hash().equals(entry.hash()))
        .map(each -> brokenAt(each.number(), "is not the one that was noted elsewhere."));
  }

  private String lastInWords() {
    return last.number() == 0 ? "the beginning" : "number " + last.number();
  }

  private static Optional<Verdict.Broken> broken(long number, String what) {
    return Optional.of(brokenAt(number, what));
  }

  private static Verdict.Broken brokenAt(long number, String what) {
    return new Verdict.Broken(number, "Entry " + number + " " + what);
  }
}
