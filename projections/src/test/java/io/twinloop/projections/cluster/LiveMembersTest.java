package io.twinloop.projections.cluster;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.projections.ReadModels;
import io.twinloop.projections.Sql;
import io.twinloop.projections.TestPostgres;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LiveMembersTest {

  private static final Duration LATELY = Duration.ofSeconds(15);

  private ReadModels readModels;
  private LiveMembers members;

  @BeforeEach
  void open() {
    readModels = TestPostgres.readModels();
    TestPostgres.empty(readModels);
    members = new LiveMembers(readModels.database());
  }

  @AfterEach
  void close() {
    readModels.close();
  }

  @Test
  void shouldKnowTheOthersThatWereSeenLately() {
    join(members.seen("one"));
    join(members.seen("other"));
    join(members.seen("third"));
    join(members.seen("other"));

    assertThat(others("one")).containsExactly("other", "third");
  }

  @Test
  void shouldForgetWhoWasNotSeenForLong() {
    join(members.seen("other"));
    age("other", "16 seconds");
    assertThat(others("one")).isEmpty();

    join(members.seen("other"));
    assertThat(others("one")).containsExactly("other");
  }

  @Test
  void shouldForgetWhoLeftAndWhatIsVeryOld() {
    join(members.seen("other"));
    join(members.seen("long gone"));
    age("long gone", "25 hours");

    join(members.gone("other"));

    assertThat(join(members.others("one", Duration.ofDays(9)))).isEmpty();
  }

  private List<String> others(String than) {
    return join(members.others(than, LATELY));
  }

  private void age(String address, String by) {
    join(
        readModels
            .database()
            .inTransaction(
                connection ->
                    Sql.update(
                        connection,
                        "UPDATE cluster_member SET seen_at = seen_at - ?::interval WHERE address = ?",
                        by,
                        address)));
  }
}
