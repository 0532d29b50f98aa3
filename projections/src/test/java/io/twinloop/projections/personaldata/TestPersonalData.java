package io.twinloop.projections.personaldata;

import com.typesafe.config.ConfigFactory;
import java.time.InstantSource;

/** Personal data as a node that nobody configured treats it, with keys in memory. */
public final class TestPersonalData {

  private TestPersonalData() {}

  public static PersonalData create() {
    return new PersonalData(
        PersonalDataSettings.fieldsOf(ConfigFactory.defaultReference()),
        new InMemorySubjectKeys(InstantSource.system()));
  }
}
