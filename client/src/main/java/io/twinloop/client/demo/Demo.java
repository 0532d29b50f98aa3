package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.client.demo.Company.Measure;
import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.Incident.CaseLate;
import io.twinloop.client.demo.Incident.DeadlineNear;
import io.twinloop.client.demo.Incident.KpiOff;
import io.twinloop.client.demo.Incident.LargeBooking;
import io.twinloop.client.demo.Incident.Leaver;
import io.twinloop.client.demo.Incident.VendorFalls;
import io.twinloop.client.demo.Staff.Plan;
import io.twinloop.client.demo.Story.Scene;
import io.twinloop.client.demo.World.Happened;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Lets a sample company live: loads it, lets things go wrong as its story has it, lets its people
 * answer the tasks that come of it, and tells how loops open and close. One thread does it all, a
 * quarter of a second at a time.
 */
final class Demo {

  private static final long TICK_MS = 250;
  private static final Duration BETWEEN_SAMPLES = Duration.ofSeconds(2);
  private static final Duration BETWEEN_WORK = Duration.ofSeconds(4);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

  /** A late case that is overdue by nothing reaches its SLA so long after it was told. */
  private static final Duration UNTIL_LATE = Duration.ofSeconds(3);

  /** What happened is sensed within this time, or there is something wrong. */
  private static final Duration UNTIL_SENSED = Duration.ofSeconds(8);

  /** What was agreed with a vendor or filed takes its effect so long after the task. */
  private static final Duration UNTIL_EFFECT = Duration.ofSeconds(3);

  /** A node that is away longer than this is away for good. */
  private static final Duration LONGEST_ABSENCE = Duration.ofSeconds(20);

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");

  private final Twin twin;
  private final Company company;
  private final Clock clock;
  private final PrintStream out;
  private final Story story;
  private final World world;
  private final Staff staff;
  private final Names names;
  private final LoopWatch watch;
  private final EventStream events;

  private final Map<String, Plan> plans = new HashMap<>();
  private final Set<String> claimed = new HashSet<>();
  private final List<Later> later = new ArrayList<>();
  private final List<Scene> scenes = new ArrayList<>();
  private Instant began = Instant.EPOCH;
  private Instant happenedAt = Instant.EPOCH;
  private Instant answeredAt = Instant.EPOCH;
  private Instant nextSamples = Instant.EPOCH;
  private Instant nextWork = Instant.EPOCH;
  private Instant nextLook = Instant.EPOCH;
  private int eventsOnKafka;

  Demo(Twin twin, Company company, Clock clock, PrintStream out) {
    this.twin = twin;
    this.company = company;
    this.clock = clock;
    this.out = out;
    story = Story.of(company);
    world = new World(company);
    staff = new Staff(company, world);
    names = new Names(company);
    watch = new LoopWatch(new Narrator(names));
    events = new EventStream(twin);
  }

  /** Something that is to be done at a time. */
  private record Later(Instant at, Runnable what) {}

  /**
   * Runs the first act and sums up; then goes on for ever, unless once is enough.
   *
   * @return whether what was promised has happened
   */
  boolean run(boolean once) throws InterruptedException {
    out.printf(
        "%s, %s with %d people. Seed %d tells the same story again.%n%n",
        company.name(), withArticle(company.sector()), company.people().size(), company.seed());
    world.waiting(new Loading(twin, company, clock.instant(), out::println).load());
    events.start();
    began = clock.instant();
    answeredAt = began;
    scenes.addAll(story.firstAct());
    out.printf("%nThe company is at work. Things go wrong, and its people answer.%n%n");
    boolean enough = false;
    while (!enough && !isAfterFirstAct(clock.instant())) {
      tick();
      enough = once && isOver();
    }
    sumUp();
    if (!once) {
      goOnForEver();
    }
    return watch.missing().isEmpty();
  }

  /** Whether all has happened, was sensed since, and is closed. */
  private boolean isOver() {
    return scenes.isEmpty()
        && clock.instant().isAfter(happenedAt.plus(UNTIL_SENSED))
        && watch.missing().isEmpty()
        && watch.allClosed();
  }

  private void goOnForEver() throws InterruptedException {
    for (int n = 0; ; n++) {
      scenes.add(story.later(n));
      while (!scenes.isEmpty()) {
        tick();
      }
    }
  }

  private void tick() throws InterruptedException {
    for (JsonNode event : events.news(TICK_MS)) {
      eventsOnKafka++;
      watch.heardOf(event.path("correlationid").asText());
    }
    Instant now = clock.instant();
    try {
      live(now);
      answeredAt = now;
    } catch (UncheckedIOException | Twin.AwayException e) {
      // It may be starting again, or have too much to do: the next tick tries again.
      if (now.isAfter(answeredAt.plus(LONGEST_ABSENCE))) {
        throw e;
      }
    }
  }

  private void live(Instant now) {
    begin(now);
    doWhatIsDue(now);
    if (now.isAfter(nextSamples)) {
      nextSamples = now.plus(BETWEEN_SAMPLES);
      sample(company.kpis(), now);
    }
    if (now.isAfter(nextWork)) {
      nextWork = now.plus(BETWEEN_WORK);
      world.work(now, isAfterFirstAct(now)).ifPresent(each -> tell(List.of(each)));
    }
    atTheDesks(now);
    if (now.isAfter(nextLook)) {
      nextLook = now.plus(BETWEEN_LOOKS);
      look(now);
    }
  }

  /** Does something; where the twin says no, that is told and the rest goes on. */
  private void attempt(Runnable what) {
    try {
      what.run();
    } catch (Twin.RefusedException e) {
      line(clock.instant(), "", "refused", e.getMessage());
    }
  }

  // --- what goes wrong

  private void begin(Instant now) {
    for (Iterator<Scene> each = scenes.iterator(); each.hasNext(); ) {
      Scene scene = each.next();
      if (!now.isBefore(began.plus(scene.at()))) {
        attempt(() -> happen(scene.incident(), now));
        happenedAt = now;
        each.remove();
      }
    }
  }

  private void happen(Incident incident, Instant now) {
    if (incident instanceof KpiOff off) {
      Measure kpi = company.kpi(off.kpiId());
      happens(
          now,
          "%s of %s: %s".formatted(kpi.label(), company.unit(kpi.ownerId()).label(), off.cause()));
      world.disturb(off);
      sample(List.of(kpi), now);
    } else if (incident instanceof CaseLate late) {
      happens(
          now, "a case of %s is left lying".formatted(company.process(late.processId()).label()));
      tell(world.neglect(late, now, UNTIL_LATE));
    } else if (incident instanceof Leaver leaver) {
      leave(whoLeaves(leaver), now);
    } else if (incident instanceof VendorFalls fall) {
      happens(
          now,
          "vendor %s is rated anew: %.0f of 100"
              .formatted(company.vendor(fall.vendorId()).label(), fall.score()));
      patch(fall.vendorId(), Twin.object().put("score", fall.score()));
    } else if (incident instanceof LargeBooking booking) {
      book(booking, now);
    } else if (incident instanceof DeadlineNear near) {
      happens(
          now,
          "%s is due in %d days already"
              .formatted(company.obligation(near.obligationId()).title(), near.days()));
      String deadline = now.atZone(ZoneOffset.UTC).toLocalDate().plusDays(near.days()).toString();
      patch(near.obligationId(), Twin.object().put("deadline", deadline).put("fulfilled", false));
    }
  }

  /** The one of the story; who left in an earlier run can't leave again, then it is another. */
  private Person whoLeaves(Leaver leaver) {
    Person first = company.person(leaver.personId()).orElseThrow();
    return Stream.concat(Stream.of(first), company.soleHolders().stream())
        .filter(this::isStillHere)
        .findFirst()
        .orElse(first);
  }

  private boolean isStillHere(Person person) {
    JsonNode relations = twin.get("/api/v1/twin/nodes/" + person.id()).path("relations");
    return Stream.iterate(0, i -> i < relations.size(), i -> i + 1)
        .map(relations::get)
        .anyMatch(
            each ->
                each.path("relation").asText().equals("BELONGS_TO")
                    && each.path("targetId").asText().equals(person.unitId()));
  }

  private void leave(Person person, Instant now) {
    happens(
        now, "%s leaves %s".formatted(names.called(person), company.unit(person.unitId()).label()));
    twin.post(
        "/api/v1/webhooks/hrms",
        Twin.object()
            .put("event", "employment_ended")
            .put("employeeId", person.id())
            .put("unitId", person.unitId())
            .put("roleId", person.roleId())
            .put("date", now.atZone(ZoneOffset.UTC).toLocalDate().toString()));
  }

  private void book(LargeBooking booking, Instant now) {
    Company.Unit unit = company.unit(booking.unitId());
    double amount = Math.rint(unit.budgetEur() * booking.share() / 1000) * 1000;
    happens(now, "%s books %,.0f EUR nobody planned".formatted(unit.label(), amount));
    send(List.of(Loading.sample(Company.spendKpi(unit.id()), amount, now)));
  }

  private void happens(Instant at, String sentence) {
    line(at, "", "happens", sentence);
  }

  // --- the company at work

  private void sample(List<Measure> kpis, Instant now) {
    send(
        kpis.stream().map(each -> Loading.sample(each.id(), world.value(each, now), now)).toList());
  }

  private void send(List<String> samples) {
    twin.upload("/api/v1/kpi-samples?mode=live", "application/x-ndjson", samples.stream());
  }

  /** The events of one process. */
  private void tell(List<Happened> happened) {
    if (!happened.isEmpty()) {
      Stream<String> lines = happened.stream().map(each -> json(each.event()).toString());
      twin.upload(
          "/api/v1/processes/" + happened.get(0).processId() + "/events?mode=live",
          "application/x-ndjson",
          lines);
    }
  }

  private static ObjectNode json(Cases.Event event) {
    return Twin.object()
        .put("case", event.caseId())
        .put("activity", event.activity())
        .put("timestamp", event.at().toString())
        .put("resource", event.resource());
  }

  private void patch(String nodeId, ObjectNode properties) {
    twin.patch("/api/v1/twin/nodes/" + nodeId, Twin.object().set("properties", properties));
  }

  private void doWhatIsDue(Instant now) {
    List<Later> due = later.stream().filter(each -> !now.isBefore(each.at())).toList();
    later.removeAll(due);
    due.forEach(each -> attempt(each.what()));
  }

  /**
   * Cases end after it: the first that ends in a process lets the twin look for its bottleneck, and
   * six of those at once would drown the story.
   */
  private boolean isAfterFirstAct(Instant now) {
    return !now.isBefore(began.plus(Story.FIRST_ACT));
  }

  // --- people at their desks

  private void atTheDesks(Instant now) {
    for (Plan plan : List.copyOf(plans.values())) {
      if (!now.isBefore(plan.completeAt())) {
        attempt(() -> complete(plan, now));
        plans.remove(plan.taskId());
      } else if (!now.isBefore(plan.claimAt()) && claimed.add(plan.taskId())) {
        attempt(() -> claim(plan));
      }
    }
  }

  private void claim(Plan plan) {
    twin.postAs(plan.who().id(), "/api/v1/tasks/" + plan.taskId() + "/claim", Twin.object());
  }

  private void complete(Plan plan, Instant now) {
    JsonNode task = twin.get("/api/v1/tasks/" + plan.taskId());
    if (!List.of("open", "claimed").contains(task.path("state").asText())) {
      return; // its workflow ended without it
    }
    String about = watch.about(task.path("correlationId").asText()).orElse("");
    JsonNode node =
        about.isEmpty()
            ? Twin.object()
            : twin.find("/api/v1/twin/nodes/" + about)
                .map(each -> each.path("properties"))
                .orElseGet(Twin::object);
    ObjectNode answer = staff.answer(task, about, node, now);
    if (answer.has("employee_id")) {
      names.meet(
          answer.get("employee_id").asText(), answer.path("anonymized_name").asText("somebody"));
    }
    twin.postAs(plan.who().id(), "/api/v1/tasks/" + plan.taskId() + "/complete", answer);
    takeEffect(about, now);
  }

  /** What was decided about something shows in the world a little later. */
  private void takeEffect(String about, Instant now) {
    if (company.processes().stream().anyMatch(each -> each.id().equals(about))) {
      tell(world.finishLate(about, now));
    } else if (company.vendors().stream().anyMatch(each -> each.id().equals(about))) {
      double score = company.vendor(about).score();
      later.add(
          new Later(now.plus(UNTIL_EFFECT), () -> patch(about, Twin.object().put("score", score))));
    } else if (company.obligations().stream().anyMatch(each -> each.id().equals(about))) {
      later.add(
          new Later(
              now.plus(UNTIL_EFFECT), () -> patch(about, Twin.object().put("fulfilled", true))));
    }
  }

  // --- what is told

  private void look(Instant now) {
    for (JsonNode task : twin.all("/api/v1/tasks?state=open")) {
      String id = task.get("id").asText();
      if (!plans.containsKey(id) && !claimed.contains(id)) {
        plans.put(id, staff.plan(task, now));
      }
    }
    List<LoopWatch.Line> lines = new ArrayList<>();
    for (String loop : watch.unfinished()) {
      twin.find("/api/v1/loops/" + Twin.encode(loop))
          .ifPresent(found -> lines.addAll(watch.update(loop, found)));
    }
    lines.sort(Comparator.comparing(LoopWatch.Line::at));
    lines.forEach(each -> line(each.at(), "#" + each.loop(), each.word(), each.sentence()));
  }

  private void line(Instant at, String loop, String word, String sentence) {
    String time = TIME.format(at.atZone(ZoneId.systemDefault()));
    out.printf("%s  %-4s %-8s  %s%n", time, loop, word, sentence);
  }

  private void sumUp() {
    out.printf("%nAfter %d seconds:%n", Duration.between(began, clock.instant()).toSeconds());
    for (LoopWatch.Tally tally : watch.tallies()) {
      out.printf(
          "  %-36s %d opened, %d closed%s%s%n",
          tally.eventType(),
          tally.opened(),
          tally.closed(),
          tally.medianSeconds().isPresent()
              ? ", median " + Names.seconds(tally.medianSeconds().getAsDouble())
              : "",
          tally
              .firstClosed()
              .map(at -> ", the first closed at second " + Duration.between(began, at).toSeconds())
              .orElse(""));
    }
    if (!watch.missing().isEmpty()) {
      out.printf("  No loop of these has closed: %s.%n", String.join(", ", watch.missing()));
    }
    if (watch.waitsForABottleneck()) {
      out.println(
          "  (A bottleneck counts as gone when cases wait longer elsewhere: that takes weeks.)");
    }
    out.printf("  %d integration events on Kafka%n", eventsOnKafka);
    out.printf(
        """

        Where to look:
          %1$s/loops.html
          curl '%1$s/api/v1/loops?limit=5'
          curl %1$s/api/v1/loops/statistics
          curl '%1$s/api/v1/twin/graph?root=%2$s&depth=2'
          curl %1$s/api/v1/processes/%3$s/bottlenecks

        """,
        twin.base(), company.key(), company.processes().get(0).id());
  }

  private static String withArticle(String noun) {
    return ("aeiou".indexOf(noun.charAt(0)) >= 0 ? "an " : "a ") + noun;
  }
}
