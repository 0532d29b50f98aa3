package io.twinloop.http;

import com.typesafe.config.ConfigFactory;
import io.twinloop.projections.personaldata.InMemorySubjectKeys;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.personaldata.PersonalDataSettings;
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
