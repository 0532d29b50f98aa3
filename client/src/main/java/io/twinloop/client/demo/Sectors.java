package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * What companies are made from, as {@code sectors.json} has it: names, what every company has, and
 * what those of one sector have besides.
 */
record Sectors(List<String> names, Common shared, List<Sector> sectors) {

  /** What every company has. */
  record Common(
      List<Division> divisions,
      List<Work> processes,
      List<Measure> kpis,
      List<String> obligations) {}

  /** A line of business. */
  record Sector(
      String sector,
      List<String> suffixes,
      List<Division> divisions,
      List<Work> processes,
      List<Measure> kpis,
      List<String> obligations) {}

  record Division(String label, List<Department> departments) {}

  record Department(String label, List<Team> teams) {}

  /**
   * @param roles the first is held by most of the team, the second by one person alone
   */
  record Team(String label, List<String> roles) {}

  /**
   * A process.
   *
   * @param owner the label of the unit that owns it
   * @param slaDays how long a case may take, in days
   * @param costEur of one execution, in euro
   * @param automation manual, semi-auto or full-auto
   * @param activities in their order; the last ends a case
   */
  record Work(
      String label,
      String owner,
      double slaDays,
      double costEur,
      String automation,
      List<String> activities,
      String system,
      String vendor) {}

  /**
   * A KPI.
   *
   * @param owner the label of the unit that answers for it
   * @param level its usual value, in its unit
   * @param causes what may push it out of its band
   */
  record Measure(
      String label,
      String unit,
      String owner,
      double level,
      String polarity,
      List<String> causes) {}

  static Sectors read() {
    try (InputStream in = Sectors.class.getResourceAsStream("sectors.json")) {
      return new ObjectMapper().readValue(in, Sectors.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
