package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.NotSerializableException;
import java.util.Optional;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.DeleteSnapshotSuccess;
import org.apache.pekko.persistence.DeleteSnapshotsSuccess;
import org.apache.pekko.persistence.Persistence;
import org.apache.pekko.persistence.SaveSnapshotFailure;
import org.apache.pekko.persistence.SaveSnapshotSuccess;
import org.apache.pekko.persistence.SelectedSnapshot;
import org.apache.pekko.persistence.SnapshotMetadata;
import org.apache.pekko.persistence.SnapshotProtocol;
import org.apache.pekko.persistence.SnapshotSelectionCriteria;
import org.apache.pekko.testkit.javadsl.TestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import scala.Option;
import scala.jdk.javaapi.OptionConverters;

/**
 * What Pekko's test kit for snapshot stores checks, for a store that keeps the newest of each
 * persistence id.
 */
class PostgresSnapshotStoreTest {

  private static final SnapshotSelectionCriteria LATEST = SnapshotSelectionCriteria.latest();

  private static ActorSystem system;
  private static ActorRef store;

  private String id = "";
  private SnapshotMetadata newest = new SnapshotMetadata("", 0, 0);

  @BeforeAll
  static void start() {
    system = TestPostgres.system(TestPostgres.database());
    store = Persistence.get(system).snapshotStoreFor(null, ConfigFactory.empty());
  }

  @AfterAll
  static void stop() {
    TestPostgres.stop(system);
  }

  @BeforeEach
  void saveThreeSnapshots(TestInfo test) {
    id = "Thing|" + test.getDisplayName();
    for (int i = 1; i <= 3; i++) {
      newest = save(10 + i, "s-" + i);
    }
  }

  @Test
  void shouldLoadNothingForAnotherPersistenceId() {
    assertThat(load("Thing|none", LATEST, Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void shouldLoadTheNewestSnapshot() {
    assertThat(load(LATEST)).contains(SelectedSnapshot.create(newest, "s-3"));
  }

  @Test
  void shouldLoadNothingOlderThanItKeeps() {
    assertThat(load(new SnapshotSelectionCriteria(12, Long.MAX_VALUE, 0, 0))).isEmpty();
    assertThat(load(id, LATEST, 12)).isEmpty();
    assertThat(load(new SnapshotSelectionCriteria(Long.MAX_VALUE, 100, 0, 0))).isEmpty();
  }

  @Test
  void shouldLoadNothingNewerThanItKeeps() {
    assertThat(load(new SnapshotSelectionCriteria(Long.MAX_VALUE, Long.MAX_VALUE, 14, 0)))
        .isEmpty();
    assertThat(
            load(
                new SnapshotSelectionCriteria(
                    Long.MAX_VALUE, Long.MAX_VALUE, 0, newest.timestamp() + 1)))
        .isEmpty();
  }

  @Test
  void shouldLoadWhatIsExactlyAtTheBounds() {
    SnapshotSelectionCriteria exact =
        new SnapshotSelectionCriteria(13, newest.timestamp(), 13, newest.timestamp());

    assertThat(load(id, exact, 13)).contains(SelectedSnapshot.create(newest, "s-3"));
  }

  @Test
  void shouldDeleteTheSnapshotWithTheNumber() {
    SnapshotMetadata byNumber = new SnapshotMetadata(id, 13, 0);

    assertThat(ask(new SnapshotProtocol.DeleteSnapshot(byNumber)))
        .isEqualTo(new DeleteSnapshotSuccess(byNumber));

    assertThat(load(LATEST)).isEmpty();
  }

  @Test
  void shouldNotDeleteTheSnapshotWithAnotherNumber() {
    ask(new SnapshotProtocol.DeleteSnapshot(new SnapshotMetadata(id, 12, 0)));

    assertThat(load(LATEST)).isPresent();
  }

  @Test
  void shouldDeleteSnapshotsThatMatchTheBounds() {
    SnapshotSelectionCriteria criteria =
        new SnapshotSelectionCriteria(13, newest.timestamp(), 0, 0);

    assertThat(ask(new SnapshotProtocol.DeleteSnapshots(id, criteria)))
        .isEqualTo(new DeleteSnapshotsSuccess(criteria));

    assertThat(load(LATEST)).isEmpty();
  }

  @Test
  void shouldNotDeleteSnapshotsYoungerThanTheBound() {
    ask(
        new SnapshotProtocol.DeleteSnapshots(
            id, new SnapshotSelectionCriteria(13, newest.timestamp() - 1, 0, 0)));

    assertThat(load(LATEST)).isPresent();
  }

  @Test
  void shouldOverwriteASnapshotWithTheSameNumber() {
    save(13, "s-3 again");

    assertThat(load(LATEST).orElseThrow().snapshot()).isEqualTo("s-3 again");
  }

  @Test
  void shouldNotReplaceANewerSnapshotByAnOlder() {
    save(11, "from a replaced actor");

    assertThat(load(LATEST)).contains(SelectedSnapshot.create(newest, "s-3"));
  }

  @Test
  void shouldStoreALargeSnapshot() {
    String large = "ü".repeat(4_000_000);
    save(14, large);

    assertThat(load(LATEST).orElseThrow().snapshot()).isEqualTo(large);
  }

  @Test
  void shouldStoreMetadata() {
    SnapshotMetadata metadata = new SnapshotMetadata(id, 14, Option.apply("about it"));
    ask(new SnapshotProtocol.SaveSnapshot(metadata, "s-4"));

    SelectedSnapshot loaded = load(LATEST).orElseThrow();

    assertThat(loaded.snapshot()).isEqualTo("s-4");
    assertThat(loaded.metadata().metadata()).isEqualTo(Option.apply("about it"));
  }

  @Test
  void shouldSayThatASnapshotCannotBeSerialized() {
    Object answer =
        ask(new SnapshotProtocol.SaveSnapshot(new SnapshotMetadata(id, 14, 0), new Object()));

    assertThat(((SaveSnapshotFailure) answer).cause()).isInstanceOf(NotSerializableException.class);
    assertThat(load(LATEST)).contains(SelectedSnapshot.create(newest, "s-3"));
  }

  private SnapshotMetadata save(long seqNr, Object snapshot) {
    SnapshotMetadata metadata = new SnapshotMetadata(id, seqNr, Option.empty());
    return ((SaveSnapshotSuccess) ask(new SnapshotProtocol.SaveSnapshot(metadata, snapshot)))
        .metadata();
  }

  private Optional<SelectedSnapshot> load(SnapshotSelectionCriteria criteria) {
    return load(id, criteria, Long.MAX_VALUE);
  }

  private static Optional<SelectedSnapshot> load(
      String persistenceId, SnapshotSelectionCriteria criteria, long toSeqNr) {
    Object answer = ask(new SnapshotProtocol.LoadSnapshot(persistenceId, criteria, toSeqNr));
    return OptionConverters.toJava(((SnapshotProtocol.LoadSnapshotResult) answer).snapshot());
  }

  private static Object ask(Object message) {
    TestKit probe = new TestKit(system);
    store.tell(message, probe.getRef());
    return probe.expectMsgAnyClassOf(java.time.Duration.ofSeconds(15), Object.class);
  }
}
