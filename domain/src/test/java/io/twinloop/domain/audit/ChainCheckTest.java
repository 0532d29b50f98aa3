package io.twinloop.domain.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.audit.AuditEntry.Type;
import io.twinloop.domain.audit.AuditEntry.Who;
import io.twinloop.domain.audit.AuditLink.Head;
import io.twinloop.domain.audit.ChainCheck.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A chain shows whatever was done to it. */
class ChainCheckTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void shouldFindAnUntouchedChainWhole() {
    List<AuditLink> chain = chain(5);

    assertThat(verdict(chain)).isEqualTo(new Verdict.Whole(5, chain.get(4).asHead()));
    assertThat(check(Head.BEGINNING, List.of(), Head.BEGINNING))
        .isEqualTo(new Verdict.Whole(0, Head.BEGINNING));
  }

  @Test
  void shouldFindEveryFieldThatWasChanged() {
    List<UnaryOperator<AuditLink>> changes =
        List.of(
            link -> new AuditLink(3, link.at().plusMillis(1), link.entry(), link.hash()),
            link -> with(link, new Who("user", "eve", Optional.of("analyst"))),
            link -> with(link, new Who("domain", "user2", Optional.of("analyst"))),
            link -> with(link, new Who("user", "user2", Optional.empty())),
            link -> with(link, "PUT /a", "/a/2", Type.CHANGE, "::1", 200, "", "c"),
            link -> with(link, "POST /a", "/a/3", Type.CHANGE, "::1", 200, "", "c"),
            link -> with(link, "POST /a", "/a/2", Type.REFUSAL, "::1", 200, "", "c"),
            link -> with(link, "POST /a", "/a/2", Type.CHANGE, "::2", 200, "", "c"),
            link -> with(link, "POST /a", "/a/2", Type.CHANGE, "::1", 201, "", "c"),
            link -> with(link, "POST /a", "/a/2", Type.CHANGE, "::1", 200, "x", "c"),
            link -> with(link, "POST /a", "/a/2", Type.CHANGE, "::1", 200, "", "d"),
            link -> new AuditLink(3, link.at(), link.entry(), AuditHash.NONE));
    for (UnaryOperator<AuditLink> change : changes) {
      List<AuditLink> chain = chain(5);
      AuditLink changed = change.apply(chain.get(2));
      assertThat(changed).isNotEqualTo(chain.get(2));
      chain.set(2, changed);

      assertThat(brokenAt(chain)).as("%s", changed).isEqualTo(3);
    }
  }

  @Test
  void shouldKeepTheFieldsApart() {
    AuditLink first = append(Head.BEGINNING, "ab", "c");
    AuditLink second = append(Head.BEGINNING, "a", "bc");

    assertThat(first.hash()).isNotEqualTo(second.hash());
  }

  @Test
  void shouldFindAnEntryThatIsMissing() {
    List<AuditLink> chain = chain(5);
    Head head = chain.get(4).asHead();

    assertThat(check(Head.BEGINNING, without(chain, 2), head))
        .isEqualTo(new Verdict.Broken(3, "Entry 3 is missing: behind number 2 comes number 4."));
    assertThat(check(Head.BEGINNING, without(chain, 0), head))
        .isEqualTo(
            new Verdict.Broken(1, "Entry 1 is missing: behind the beginning comes number 2."));
  }

  @Test
  void shouldFindAMissingEnd() {
    List<AuditLink> chain = chain(5);

    assertThat(check(Head.BEGINNING, chain.subList(0, 3), chain.get(4).asHead()))
        .isEqualTo(new Verdict.Broken(4, "Entry 4 and all up to number 5 are missing at the end."));
    assertThat(check(Head.BEGINNING, List.of(), chain.get(4).asHead()))
        .isInstanceOf(Verdict.Broken.class);
  }

  @Test
  void shouldFindAnEntryAddedAtTheEnd() {
    List<AuditLink> chain = chain(5);

    assertThat(check(Head.BEGINNING, chain, chain.get(3).asHead()))
        .isEqualTo(new Verdict.Broken(5, "Entry 5 stands behind the end, which is number 4."));
    Head other = new Head(5, chain.get(4).at(), chain.get(3).hash());
    assertThat(check(Head.BEGINNING, chain, other)).isInstanceOf(Verdict.Broken.class);
  }

  @Test
  void shouldGoThroughTheEntryThatWasNoted() {
    List<AuditLink> chain = chain(5);
    AuditLink third = chain.get(2);

    assertThat(through(third.asHead(), Head.BEGINNING, chain)).isInstanceOf(Verdict.Whole.class);
    assertThat(through(new Head(3, START, chain.get(1).hash()), Head.BEGINNING, chain))
        .isEqualTo(new Verdict.Broken(3, "Entry 3 is not the one that was noted elsewhere."));
    assertThat(through(chain.get(4).asHead(), Head.BEGINNING, chain.subList(0, 4)))
        .isEqualTo(
            new Verdict.Broken(
                5,
                "Entry 5 and all up to number 5, which was noted elsewhere, are missing at the end."));
    assertThatThrownBy(() -> through(third.asHead(), chain.get(3).asHead(), chain.subList(4, 5)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("entry 3 was cut off", "behind number 4");
  }

  private static Verdict through(Head noted, Head anchor, List<AuditLink> chain) {
    ChainCheck check =
        new ChainCheck(anchor, Optional.of(new ChainCheck.Noted(noted.number(), noted.hash())));
    chain.forEach(check::accept);
    return check.end(chain.get(chain.size() - 1).asHead());
  }

  @Test
  void shouldFindEntriesThatChangedPlaces() {
    List<AuditLink> chain = chain(5);
    AuditLink second = chain.get(1);
    AuditLink third = chain.get(2);
    List<AuditLink> renumbered = new ArrayList<>(chain);
    renumbered.set(1, new AuditLink(2, third.at(), third.entry(), third.hash()));
    renumbered.set(2, new AuditLink(3, second.at(), second.entry(), second.hash()));
    List<AuditLink> swapped = new ArrayList<>(chain);
    swapped.set(1, third);
    swapped.set(2, second);

    assertThat(brokenAt(renumbered)).isEqualTo(2);
    assertThat(brokenAt(swapped)).isEqualTo(2);
  }

  @Test
  void shouldFindTheKeptPartWholeWhenAnEntryTellsOfTheCut() {
    List<AuditLink> chain = chain(5);
    AuditLink lastCut = chain.get(2);
    AuditLink told =
        AuditLink.append(
            chain.get(4).asHead(), START.plusSeconds(9), new Cut(3, lastCut.hash()).entry());
    chain.add(told);
    List<AuditLink> kept = chain.subList(3, 6);

    assertThat(check(lastCut.asHead(), kept, told.asHead()))
        .isEqualTo(new Verdict.Whole(3, told.asHead()));
    assertThat(check(Head.BEGINNING, kept, told.asHead())).isInstanceOf(Verdict.Broken.class);
    assertThat(check(chain.get(3).asHead(), chain.subList(4, 6), told.asHead()))
        .as("more was cut off than was told")
        .isEqualTo(
            new Verdict.Broken(
                4,
                "Entry 4 is where the chain is said to be cut off, but no entry says so: the last cut"
                    + " told of is at number 3."));
  }

  @Test
  void shouldFindABeginningCutOffInSilence() {
    List<AuditLink> chain = chain(5);

    assertThat(check(chain.get(1).asHead(), chain.subList(2, 5), chain.get(4).asHead()))
        .isInstanceOf(Verdict.Broken.class);
  }

  @Test
  void shouldTakeNobodyElsesWordForACut() {
    AuditEntry forged =
        new AuditEntry(
            new Who("user", "twinloop", Optional.empty()),
            "CUT audit",
            "3 " + AuditHash.NONE.hex(),
            Type.CHANGE,
            "",
            200,
            Optional.empty(),
            "c");

    assertThat(Cut.of(forged)).isEmpty();
  }

  @Test
  void shouldNeverGoBackInTime() {
    AuditLink first = AuditLink.append(Head.BEGINNING, START, entry("a", "/a"));
    AuditLink second = AuditLink.append(first.asHead(), START.minusSeconds(60), entry("a", "/a"));

    assertThat(second.at()).isEqualTo(START);
    assertThat(verdict(List.of(first, second))).isInstanceOf(Verdict.Whole.class);
  }

  @Test
  void shouldKeepTheFormInWhichEntriesAreHashed() {
    // Chains outlive releases: when this changes, every chain in use is broken.
    AuditLink link =
        AuditLink.append(
            Head.BEGINNING,
            Instant.parse("2026-01-02T03:04:05.678901Z"),
            new AuditEntry(
                new Who("user", "ada", Optional.of("analyst")),
                "PUT /api/v1/kpis/{id}",
                "/api/v1/kpis/größe",
                Type.REFUSAL,
                "192.0.2.1",
                422,
                Optional.of("refused"),
                "c-1"));

    assertThat(link.hash().hex())
        .isEqualTo("b5b57954ff9c690318921a9e6289271b45bf7c83b7d459db328c2b6a048756a3");
  }

  private static List<AuditLink> chain(int length) {
    List<AuditLink> chain = new ArrayList<>();
    Head head = Head.BEGINNING;
    for (int i = 0; i < length; i++) {
      AuditLink link = AuditLink.append(head, START.plusSeconds(i), entry("user" + i, "/a/" + i));
      chain.add(link);
      head = link.asHead();
    }
    return chain;
  }

  private static AuditEntry entry(String subject, String path) {
    return new AuditEntry(
        new Who("user", subject, Optional.of("analyst")),
        "POST /a",
        path,
        Type.CHANGE,
        "::1",
        200,
        Optional.empty(),
        "c");
  }

  private static AuditLink append(Head head, String subject, String action) {
    return AuditLink.append(
        head,
        START,
        new AuditEntry(
            new Who(subject, action, Optional.empty()),
            "",
            "",
            Type.CHANGE,
            "",
            200,
            Optional.empty(),
            ""));
  }

  private static AuditLink with(AuditLink link, Who who) {
    AuditEntry old = link.entry();
    return new AuditLink(
        link.number(),
        link.at(),
        new AuditEntry(
            who,
            old.action(),
            old.path(),
            old.type(),
            old.address(),
            old.status(),
            old.code(),
            old.correlationId()),
        link.hash());
  }

  private static AuditLink with(
      AuditLink link,
      String action,
      String path,
      Type type,
      String address,
      int status,
      String code,
      String correlationId) {
    AuditEntry changed =
        new AuditEntry(
            link.entry().who(),
            action,
            path,
            type,
            address,
            status,
            Optional.of(code).filter(text -> !text.isEmpty()),
            correlationId);
    return new AuditLink(link.number(), link.at(), changed, link.hash());
  }

  private static List<AuditLink> without(List<AuditLink> chain, int index) {
    List<AuditLink> rest = new ArrayList<>(chain);
    rest.remove(index);
    return rest;
  }

  private static Verdict verdict(List<AuditLink> chain) {
    return check(Head.BEGINNING, chain, chain.get(chain.size() - 1).asHead());
  }

  private static long brokenAt(List<AuditLink> chain) {
    return ((Verdict.Broken) verdict(chain)).number();
  }

  private static Verdict check(Head anchor, List<AuditLink> chain, Head head) {
    ChainCheck check = new ChainCheck(anchor);
    chain.forEach(check::accept);
    return check.end(head);
  }
}
