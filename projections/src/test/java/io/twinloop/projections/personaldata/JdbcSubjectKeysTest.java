package io.twinloop.projections.personaldata;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.TextNode;
import io.twinloop.domain.personaldata.MasterKey;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.domain.personaldata.SubjectKey;
import io.twinloop.projections.MovableClock;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.Sql;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.personaldata.JdbcSubjectKeys.UnknownMasterKeyException;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Keys in a real PostgreSQL; every {@code JdbcSubjectKeys} is a node of its own. */
class JdbcSubjectKeysTest {

  private static final Instant NOON = Instant.parse("2026-03-02T12:00:00Z");
  private static final TextNode NAME = TextNode.valueOf("Ada");

  private static ReadModels readModels;
  private final MovableClock clock = new MovableClock(NOON);

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
  }

  private static MasterKey master(int number) {
    byte[] key = new byte[32];
    key[0] = (byte) number;
    return MasterKey.of(Base64.getEncoder().encodeToString(key));
  }

  private JdbcSubjectKeys node(int master, Duration cacheTime, Integer... others) {
    return new JdbcSubjectKeys(
        readModels.database(),
        master(master),
        List.of(others).stream().map(JdbcSubjectKeysTest::master).toList(),
        clock,
        cacheTime);
  }

  private JdbcSubjectKeys node() {
    return node(1, Duration.ofHours(1));
  }

  private static PersonalToken seal(SubjectKeys keys, String subject) {
    return join(keys.forSealing(Set.of(subject))).get(subject).orElseThrow().seal(NAME);
  }

  private static Optional<String> opened(SubjectKeys keys, PersonalToken token) {
    return join(keys.forOpening(Set.of(token.subject())))
        .getOrDefault(token.subject(), Optional.empty())
        .flatMap(key -> key.open(token))
        .map(value -> value.textValue());
  }

  @Test
  void shouldMakeAKeyOnceForAllNodes() {
    PersonalToken token = seal(node(), "p");

    assertThat(seal(node(), "p")).isEqualTo(token);
    assertThat(opened(node(), token)).contains("Ada");
    assertThat(seal(node(), "q")).isNotEqualTo(token);
  }

  @Test
  void shouldMakeNoKeyToOpenWith() {
    assertThat(join(node().forOpening(Set.of("p", "q")))).isEmpty();
    assertThat(TestPostgres.rows(readModels, "SELECT subject FROM subject_key")).isEmpty();
  }

  @Test
  void shouldAgreeOnManyKeysThatNodesMakeAtTheSameTime() {
    Set<String> subjects = new TreeSet<>();
    IntStream.range(0, 500).forEach(i -> subjects.add("p-" + i));
    List<CompletableFuture<Map<String, Optional<SubjectKey>>>> made =
        IntStream.range(0, 4)
            .mapToObj(i -> node().forSealing(subjects).toCompletableFuture())
            .toList();

    for (String subject : subjects) {
      assertThat(
              made.stream()
                  .map(keys -> join(keys).get(subject).orElseThrow().seal(NAME))
                  .distinct())
          .hasSize(1);
    }
  }

  @Test
  void shouldStoreNoKeyInClear() {
    seal(node(), "p");

    assertThat(TestPostgres.rows(readModels, "SELECT length(wrapped)::text FROM subject_key"))
        .containsExactly("60");
    assertThatThrownBy(() -> seal(node(2, Duration.ofHours(1)), "p"))
        .rootCause()
        .isInstanceOf(UnknownMasterKeyException.class)
        .hasMessageContaining(master(1).id());
  }

  @Test
  void shouldForgetAnErasedSubjectAndTheSameInstantEachTime() {
    JdbcSubjectKeys keys = node();
    PersonalToken token = seal(keys, "p");

    Optional<Instant> erased = join(keys.erase("p", false));
    clock.advance(Duration.ofDays(1));

    assertThat(erased).contains(NOON);
    assertThat(join(keys.erase("p", true))).contains(NOON);
    assertThat(opened(keys, token)).isEmpty();
    assertThat(opened(node(), token)).isEmpty();
    assertThat(join(keys.forSealing(Set.of("p"))).get("p")).isEmpty();
    assertThat(
            TestPostgres.rows(readModels, "SELECT subject FROM subject_key WHERE wrapped IS NULL"))
        .containsExactly("p");
  }

  @Test
  void shouldEraseThoseOfWhomNothingWasSealedAndNotStrangers() {
    assertThat(join(node().erase("p", false))).isEmpty();
    assertThat(join(node().erase("p", true))).contains(NOON);
    assertThat(join(node().forSealing(Set.of("p"))).get("p")).isEmpty();
  }

  /** The first value is just being sealed: its key waits for the commit. */
  @Test
  void shouldEraseWhomAKeyIsJustBeingMadeFor() throws Exception {
    try (Connection other = readModels.forQueries().getConnection()) {
      other.setAutoCommit(false);
      Sql.update(
          other,
          "INSERT INTO subject_key (subject, wrapped, master, created_at) VALUES ('p', ?, 'm', ?)",
          new byte[60],
          NOON);
      CompletableFuture<Optional<Instant>> erased = node().erase("p", true).toCompletableFuture();
      await().until(JdbcSubjectKeysTest::somebodyWaitsForALock);
      other.commit();

      assertThat(join(erased)).contains(NOON);
    }

    assertThat(TestPostgres.rows(readModels, "SELECT wrapped, master FROM subject_key"))
        .containsExactly("null|null");
    assertThat(join(node().forSealing(Set.of("p"))).get("p")).isEmpty();
  }

  private static boolean somebodyWaitsForALock() {
    return TestPostgres.rows(
            readModels,
            """
            SELECT count(*) > 0 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """)
        .equals(List.of("t"));
  }

  @Test
  void shouldNoticeOnOtherNodesThatASubjectWasErased() {
    JdbcSubjectKeys forgetful = node(1, Duration.ZERO);
    PersonalToken token = seal(forgetful, "p");
    assertThat(opened(forgetful, token)).contains("Ada");

    join(node().erase("p", false));

    assertThat(opened(forgetful, token)).isEmpty();
  }

  @Test
  void shouldWrapKeysAnewUnderANewMasterKey() {
    PersonalToken token = seal(node(1, Duration.ofHours(1), 2), "p");
    join(node().erase("gone", true));
    JdbcSubjectKeys next = node(2, Duration.ofHours(1), 1);

    assertThat(opened(next, token)).contains("Ada");
    assertThat(join(next.rewrap())).isEqualTo(1);
    assertThat(join(next.rewrap())).isZero();

    assertThat(opened(node(2, Duration.ofHours(1)), token)).contains("Ada");
    assertThat(opened(node(1, Duration.ofHours(1), 2), token)).contains("Ada");
  }

  @Test
  void shouldWrapAllKeysAnewPageByPage() {
    Set<String> subjects = new TreeSet<>();
    IntStream.range(0, 2_500).forEach(i -> subjects.add("p-" + i));
    join(node().forSealing(subjects));
    PersonalToken newer = seal(node(2, Duration.ofHours(1), 1), "new");

    assertThat(join(node(2, Duration.ofHours(1), 1).rewrap())).isEqualTo(2_500);

    JdbcSubjectKeys onlyNext = node(2, Duration.ofHours(1));
    assertThat(join(onlyNext.forOpening(subjects))).hasSize(2_500);
    assertThat(opened(onlyNext, newer)).contains("Ada");
    assertThat(join(onlyNext.rewrap())).isZero();
  }

  @Test
  void shouldRefuseToWrapKeysAnewThatItCannotUnwrap() {
    seal(node(), "p");

    assertThatThrownBy(() -> join(node(2, Duration.ofHours(1)).rewrap()))
        .rootCause()
        .isInstanceOf(UnknownMasterKeyException.class)
        .hasMessageContaining("TWINLOOP_PERSONAL_DATA_KEY");
  }
}
