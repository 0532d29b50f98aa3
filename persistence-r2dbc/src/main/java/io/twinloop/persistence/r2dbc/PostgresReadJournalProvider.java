package io.twinloop.persistence.r2dbc;

import com.typesafe.config.Config;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.persistence.query.ReadJournalProvider;

/** Makes the queries of {@code twinloop.persistence.query} when Pekko first asks for them. */
public final class PostgresReadJournalProvider implements ReadJournalProvider {

  private final PostgresReadJournal javadsl;

  public PostgresReadJournalProvider(ExtendedActorSystem system, Config config, String configPath) {
    javadsl = new PostgresReadJournal(system);
  }

  @Override
  public PostgresScalaReadJournal scaladslReadJournal() {
    return new PostgresScalaReadJournal(javadsl);
  }

  @Override
  public PostgresReadJournal javadslReadJournal() {
    return javadsl;
  }
}
