package io.twinloop.domain.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventTimeTest {

  @ParameterizedTest
  @CsvSource({
    "2011-10-11 13:45:40.276000+02:00, 2011-10-11T11:45:40.276Z",
    "2010-12-30 14:32:00+01:00, 2010-12-30T13:32:00Z",
    "2010-12-30T14:32:00.000+01:00, 2010-12-30T13:32:00Z",
    "2010-12-30T14:32:00Z, 2010-12-30T14:32:00Z",
    "2010-12-30T14:32:00.123456789Z, 2010-12-30T14:32:00.123456789Z",
    "2010-12-30T14:32, 2010-12-30T14:32:00Z",
    "2010-12-30 14:32:05, 2010-12-30T14:32:05Z",
    "2010-12-30 14:32:05 UTC, 2010-12-30T14:32:05Z",
    "2010-12-30 14:32:05 +0100, 2010-12-30T13:32:05Z",
    "2010-12-30 14:32:05+01, 2010-12-30T13:32:05Z",
    "2010-12-30, 2010-12-30T00:00:00Z",
    "2010/12/30 9:05, 2010-12-30T09:05:00Z",
    "30.12.2010 14:32:05, 2010-12-30T14:32:05Z",
    "1.2.2010 14:32, 2010-02-01T14:32:00Z",
    "1293719525000, 2010-12-30T14:32:05Z"
  })
  void shouldReadTimesAsLogsWriteThem(String text, Instant instant) {
    assertThat(EventTime.parse(text)).contains(instant);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "yesterday",
        "2010-13-01",
        "2010-02-30 10:00",
        "12/30/2010",
        "25:00",
        "1293719525",
        "1899-12-31T00:00:00Z",
        "2201-01-01T00:00:00Z",
        "NaN",
        "+1000000000-01-01T00:00:00Z"
      })
  void shouldNotGuess(String text) {
    assertThat(EventTime.parse(text)).isEmpty();
  }
}
