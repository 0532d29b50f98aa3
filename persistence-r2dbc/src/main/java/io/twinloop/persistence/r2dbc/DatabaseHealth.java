package io.twinloop.persistence.r2dbc;

import java.time.Clock;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether PostgreSQL answers, as the last connection attempts and probes found it. */
public final class DatabaseHealth {

  private static final Logger LOG = LoggerFactory.getLogger(DatabaseHealth.class);

  /** What was found, and since when. */
  public sealed interface Status {
    Instant since();

    /** PostgreSQL answers. */
    record Reachable(Instant since) implements Status {}

    /** PostgreSQL doesn't answer; {@code error} is what was tried last and how it failed. */
    record Unreachable(Instant since, String error) implements Status {}

    /** Nothing was tried yet. */
    record Unknown(Instant since) implements Status {}
  }

  private final Clock clock;
  private final PostgresSettings postgres;
  private Status status;

  DatabaseHealth(PostgresSettings postgres, Clock clock) {
    this.clock = clock;
    this.postgres = postgres;
    this.status = new Status.Unknown(clock.instant());
  }

  public synchronized Status status() {
    return status;
  }

  synchronized void answered() {
    if (!(status instanceof Status.Reachable)) {
      LOG.info("Connected to {}", postgres);
      status = new Status.Reachable(clock.instant());
    }
  }

  synchronized void failed(Throwable error) {
    boolean news = !(status instanceof Status.Unreachable);
    if (news) {
      LOG.warn("{} doesn't answer: {}", postgres, error.toString());
    }
    status = new Status.Unreachable(news ? clock.instant() : status.since(), error.toString());
  }
}
