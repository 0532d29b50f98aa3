package io.twinloop.projections.clock;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestPostgres;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The clock people may move, on a real PostgreSQL. */
class ProductClockTest {

  private static final Instant NOON = Instant.parse("2026-03-02T12:00:00Z");

  private ReadModels readModels;
  private Database database;

  @BeforeEach
  void open() {
    readModels = TestPostgres.readModels();
    database = readModels.database();
  }

  @AfterEach
  void close() {
    readModels.close();
  }

  @Test
  void shouldBeTheMachinesUntilItIsMoved() {
    ProductClock clock = clock();
    join(clock.follow(database));

    assertThat(clock.instant()).isEqualTo(NOON);
    assertThat(clock.ahead()).isZero();
  }

  @Test
  void shouldAddUpWhatItIsMovedAndTellOtherNodes() {
    ProductClock clock = clock();
    assertThat(join(clock.advance(Duration.ofHours(2), database))).isTrue();
    assertThat(join(clock.advance(Duration.ofMillis(5), database))).isTrue();

    ProductClock another = clock();
    join(another.follow(database));

    assertThat(clock.ahead()).isEqualTo(Duration.ofHours(2).plusMillis(5));
    assertThat(another.instant()).isEqualTo(NOON.plus(Duration.ofHours(2)).plusMillis(5));
  }

  @Test
  void shouldNotGoFartherThanItMay() {
    ProductClock clock = clock();

    assertThat(join(clock.advance(ProductClock.FARTHEST.plusMillis(1), database))).isFalse();
    assertThat(join(clock.advance(ProductClock.FARTHEST, database))).isTrue();
    assertThat(join(clock.advance(Duration.ofMillis(1), database))).isFalse();

    assertThat(clock.ahead()).isEqualTo(ProductClock.FARTHEST);
  }

  private static ProductClock clock() {
    return new ProductClock(Clock.fixed(NOON, ZoneOffset.UTC), true);
  }
}
