package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.client.demo.Cases.Open;
import io.twinloop.client.demo.Cases.Year;
import io.twinloop.client.demo.Company.Unit;
import io.twinloop.client.demo.Company.Work;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Tells the twin a company and its last year, as history: nothing of it raises an alarm. */
final class Loading {

  private static final int AT_ONCE = 2;
  private static final int ATTEMPTS = 20;
  private static final int SECONDS_BETWEEN_ATTEMPTS = 2;

  /** Property of the company's node: everything was brought. */
  private static final String COMPLETE = "sample_complete";

  private final Twin twin;
  private final Company company;
  private final Instant now;
  private final Consumer<String> say;

  /**
   * @param now the year told ends here
   * @param say takes one line for people at a time
   */
  Loading(Twin twin, Company company, Instant now, Consumer<String> say) {
    this.twin = twin;
    this.company = company;
    this.now = now;
    this.say = say;
  }

  /**
   * Loads it all. What the twin knows already stays as it is.
   *
   * @return the cases that are not over
   * @throws IllegalStateException when the twin rejects a line
   */
  List<Open> load() throws InterruptedException {
    if (isThere()) {
      say.accept("  " + company.name() + " is there from an earlier run, and stays as it became.");
    } else {
      organisation();
    }
    return atOnce(years());
  }

  /** Whether an earlier run brought all of it; what has happened since must not be undone. */
  private boolean isThere() {
    return twin.find("/api/v1/twin/nodes/" + company.key())
        .map(node -> node.at("/properties/" + COMPLETE).asBoolean())
        .orElse(false);
  }

  private void organisation() throws InterruptedException {
    CompanyImport.kpis(company).forEach((id, kpi) -> twin.put("/api/v1/kpis/" + id, kpi));
    List<ObjectNode> lines = CompanyImport.lines(company);
    timed(
        "organisation: %,d units, %,d people, %,d processes"
            .formatted(company.units().size(), company.people().size(), company.processes().size()),
        () ->
            twin.upload(
                "/api/v1/twin/import",
                "application/x-ndjson",
                lines.stream().map(ObjectNode::toString)));
    ObjectNode complete = Twin.object();
    complete.putObject("properties").put(COMPLETE, true);
    twin.patch("/api/v1/twin/nodes/" + company.key(), complete);
  }

  /** The KPIs, and each process; every upload waits for the twin now and then. */
  private List<Callable<List<Open>>> years() {
    List<Callable<List<Open>>> years = new ArrayList<>();
    years.add(
        () -> {
          timed(
              "a year of %d KPIs".formatted(company.kpis().size() + company.withBudget().size()),
              () ->
                  twin.upload(
                      "/api/v1/kpi-samples?mode=history", "application/x-ndjson", samples()));
          return List.of();
        });
    company.processes().forEach(each -> years.add(() -> cases(each)));
    return years;
  }

  private static List<Open> atOnce(List<Callable<List<Open>>> years) throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    try {
      List<Open> open = new ArrayList<>();
      for (Future<List<Open>> year : threads.invokeAll(years)) {
        open.addAll(year.get());
      }
      return open;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** KPI by KPI, so that the samples of one go together. */
  private Stream<String> samples() {
    Series series = new Series(company.seed());
    Stream<List<String>> kpis =
        company.kpis().stream()
            .map(
                kpi -> {
                  List<String> lines = new ArrayList<>();
                  series.year(kpi, now, (at, value) -> lines.add(sample(kpi.id(), value, at)));
                  return lines;
                });
    Stream<List<String>> bookings =
        company.withBudget().stream()
            .map(
                (Unit unit) -> {
                  String kpi = Company.spendKpi(unit.id());
                  List<String> lines = new ArrayList<>();
                  series.bookings(unit, now, (at, value) -> lines.add(sample(kpi, value, at)));
                  return lines;
                });
    return Stream.concat(kpis, bookings).flatMap(List::stream);
  }

  static String sample(String kpiId, double value, Instant at) {
    return Twin.object()
        .put("kpiId", kpiId)
        .put("value", value)
        .put("timestamp", at.toString())
        .put("source", "demo")
        .toString();
  }

  private List<Open> cases(Work process) throws InterruptedException {
    Year year = new Cases(company).year(process, now);
    timed(
        "a year of %s: %,d events".formatted(process.label(), year.events().size()),
        () ->
            twin.upload(
                "/api/v1/processes/"
                    + process.id()
                    + "/log?mode=history&case=case&activity=activity&timestamp=timestamp&resource=resource",
                "text/csv",
                Stream.concat(
                    Stream.of("case,activity,timestamp,resource"),
                    year.events().stream().map(Loading::csv))));
    return year.open();
  }

  /** What was sent once changes nothing the second time, so it is sent until the twin has time. */
  private static JsonNode untilTaken(Upload upload) throws InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try {
        return upload.send();
      } catch (Twin.AwayException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
        TimeUnit.SECONDS.sleep(SECONDS_BETWEEN_ATTEMPTS);
      }
    }
  }

  private static String csv(Cases.Event event) {
    return String.join(
        ",", event.caseId(), event.activity(), event.at().toString(), event.resource());
  }

  private interface Upload {
    JsonNode send();
  }

  private void timed(String what, Upload upload) throws InterruptedException {
    long begin = System.nanoTime();
    JsonNode summary = untilTaken(upload);
    if (summary.path("rejected").asInt() > 0) {
      throw new IllegalStateException(
          "Of the %s, %d lines were rejected: %s"
              .formatted(what, summary.path("rejected").asInt(), summary.path("errors").path(0)));
    }
    double seconds = Duration.ofNanos(System.nanoTime() - begin).toMillis() / 1000.0;
    say.accept("  loaded  %s (%s s)".formatted(what, String.format(Locale.ROOT, "%.1f", seconds)));
  }
}
