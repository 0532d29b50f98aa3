package io.twinloop.multijvm.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.multijvm.chaos.History.Attempt;
import io.twinloop.multijvm.chaos.History.Kind;
import io.twinloop.multijvm.chaos.History.Outcome;
import io.twinloop.multijvm.chaos.History.Request;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * People and programs who use a cluster all the time, spread over its nodes, and remember what they
 * asked for and were answered. Who gets no answer goes to the next node, as a load balancer would.
 *
 * <p>KPIs get samples, calm ones with a spike now and then, which opens an episode and so a
 * workflow with a task; units get notes, are read, and people join them; somebody completes tasks.
 */
public final class SteadyLoad implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Longer than a node takes to give up by itself. */
  private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(8);

  private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(2);
  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMillis(100);
  private static final Duration PREPARE_PATIENCE = Duration.ofMinutes(1);
  private static final Duration TASK_EVERY = Duration.ofMillis(700);
  private static final int CALM_SAMPLES = 60;
  private static final int CALLERS_PER_ENTITY = 2;
  private static final double SPIKE_CHANCE = 0.03;
  private static final double SPIKE = 1_000;

  /**
   * How much there is to do.
   *
   * @param kpis how many KPIs
   * @param units how many units of the organisation
   * @param requestsPerSecond of all callers together
   * @param seed of what is asked for
   */
  public record Amount(int kpis, int units, double requestsPerSecond, long seed) {}

  private final List<URI> doors;
  private final History history;
  private final Amount amount;
  private final HttpClient http =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT_PATIENCE)
          .version(HttpClient.Version.HTTP_1_1)
          .build();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final AtomicLong ids = new AtomicLong();
  private final String run;
  private final List<Thread> threads = new ArrayList<>();

  /**
   * @param doors where the nodes answer
   * @param run tells the entities and requests of several loads on one cluster apart
   */
  public SteadyLoad(List<URI> doors, History history, Amount amount, String run) {
    this.doors = List.copyOf(doors);
    this.history = history;
    this.amount = amount;
    this.run = run;
  }

  /** Makes the KPIs and units, and starts the callers. */
  public SteadyLoad start() {
    for (int kpi = 0; kpi < amount.kpis(); kpi++) {
      prepareKpi(kpiId(kpi));
    }
    for (int unit = 0; unit < amount.units(); unit++) {
      ObjectNode body = JSON.createObjectNode().put("type", "OrganizationUnit");
      body.put("label", "Unit " + unit).putObject("properties").put("headcount", 0);
      insist("PUT", "/api/v1/twin/nodes/" + unitId(unit), body.toString());
    }
    int callers = (amount.kpis() + amount.units()) * CALLERS_PER_ENTITY;
    Duration pace = Duration.ofNanos((long) (callers / amount.requestsPerSecond() * 1e9));
    for (int i = 0; i < CALLERS_PER_ENTITY; i++) {
      for (int kpi = 0; kpi < amount.kpis(); kpi++) {
        String id = kpiId(kpi);
        begin(pace, caller -> sample(caller, id));
      }
      for (int unit = 0; unit < amount.units(); unit++) {
        String id = unitId(unit);
        begin(pace, caller -> useUnit(caller, id));
      }
    }
    begin(TASK_EVERY, this::completeATask);
    return this;
  }

  /** The ids of its KPIs. */
  public List<String> kpiIds() {
    List<String> all = new ArrayList<>();
    for (int kpi = 0; kpi < amount.kpis(); kpi++) {
      all.add(kpiId(kpi));
    }
    return all;
  }

  /** Stops after the requests under way, and brings every KPI back to calm. */
  @Override
  public void close() {
    stopping.set(true);
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private String kpiId(int number) {
    return run + "-kpi-" + number;
  }

  private String unitId(int number) {
    return run + "-unit-" + number;
  }

  private void prepareKpi(String id) {
    insist("PUT", "/api/v1/kpis/" + id, "{\"name\": \"" + id + "\", \"unit\": \"1\"}");
    Random chance = new Random(id.hashCode());
    Instant begin = Instant.now().minus(Duration.ofMinutes(10)).truncatedTo(ChronoUnit.MILLIS);
    ObjectNode body = JSON.createObjectNode();
    for (int i = 0; i < CALM_SAMPLES; i++) {
      body.withArray("samples")
          .addObject()
          .put("timestamp", begin.plusSeconds(i).toString())
          .put("value", 100 + chance.nextGaussian())
          .put("source", "calm");
    }
    insist("POST", "/api/v1/kpis/" + id + "/samples?mode=live", body.toString());
  }

  /** Asks until it is done; for what comes before the disturbance. */
  private void insist(String method, String path, String body) {
    long deadline = System.nanoTime() + PREPARE_PATIENCE.toNanos();
    for (int door = 0; ; door++) {
      try {
        HttpResponse<byte[]> response =
            http.send(
                request(doors.get(door % doors.size()), method, path, body, "prepare").build(),
                HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() / 100 == 2) {
          return;
        }
        if (response.statusCode() / 100 == 4 || System.nanoTime() > deadline) {
          throw new IllegalStateException(
              "%s %s was answered %d".formatted(method, path, response.statusCode()));
        }
      } catch (IOException e) {
        if (System.nanoTime() > deadline) {
          throw new IllegalStateException(method + " " + path + " was not answered", e);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
      pause(PAUSE_AFTER_FAILURE);
    }
  }

  /** What a caller does once. */
  private interface Work {
    void once(Caller caller) throws InterruptedException;
  }

  private void begin(Duration pace, Work work) {
    int number = threads.size();
    Caller caller = new Caller(new Random(amount.seed() * 1_000 + number), number);
    Thread thread =
        new Thread(
            () -> {
              try {
                while (!stopping.get()) {
                  work.once(caller);
                  double wait = (0.5 + caller.chance.nextDouble()) * pace.toNanos();
                  TimeUnit.NANOSECONDS.sleep((long) wait);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "caller-" + number);
    threads.add(thread);
    thread.start();
  }

  private void sample(Caller caller, String kpi) throws InterruptedException {
    String id = nextId("s");
    boolean spike = caller.chance.nextDouble() < SPIKE_CHANCE;
    ObjectNode body = JSON.createObjectNode();
    body.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MICROS).toString())
        .put("value", spike ? SPIKE : 100 + caller.chance.nextGaussian())
        .put("source", id);
    caller.repeat(
        id,
        Kind.SAMPLE,
        "Kpi|" + kpi,
        "POST",
        "/api/v1/kpis/" + kpi + "/samples?mode=live",
        body.toString());
  }

  private void useUnit(Caller caller, String unit) throws InterruptedException {
    double what = caller.chance.nextDouble();
    if (what < 0.6) {
      note(caller, unit);
    } else if (what < 0.92) {
      read(caller, unit);
    } else {
      onboard(caller, unit);
    }
  }

  private void note(Caller caller, String unit) throws InterruptedException {
    String id = nextId("n");
    String body = "{\"properties\": {\"remark\": \"" + id + "\"}}";
    long sent = System.nanoTime();
    Reply reply = caller.ask(id, "OrgNode|" + unit, "PATCH", "/api/v1/twin/nodes/" + unit, body);
    history.add(
        new Request(
            id,
            Kind.NOTE,
            "OrgNode|" + unit,
            sent,
            System.nanoTime(),
            reply.outcome(),
            reply.status(),
            reply.text()));
  }

  private void read(Caller caller, String unit) throws InterruptedException {
    String id = nextId("r");
    long sent = System.nanoTime();
    Reply reply = caller.ask(id, "OrgNode|" + unit, "GET", "/api/v1/twin/nodes/" + unit, "");
    String seen =
        reply.outcome() == Outcome.ACKNOWLEDGED
            ? reply.body().at("/properties/remark").asText("")
            : reply.text();
    history.add(
        new Request(
            id,
            Kind.READ,
            "OrgNode|" + unit,
            sent,
            System.nanoTime(),
            reply.outcome(),
            reply.status(),
            seen));
  }

  private void onboard(Caller caller, String unit) throws InterruptedException {
    String id = nextId("o");
    ObjectNode event = JSON.createObjectNode();
    event.put("specversion", "1.0").put("id", id).put("type", "bpa.employee.onboarded");
    event.put("source", "//bpa/chaos").put("subject", id).put("entitytype", "Person");
    event.put("time", Instant.now().toString()).put("datacontenttype", "application/json");
    event.put("direction", "bpa-to-dto").put("correlationid", id).put("schemaversion", "1.0");
    event.putObject("data").put("employee_id", id).put("unit_id", unit).put("fte", 1.0);
    caller.repeat(
        id, Kind.ONBOARD, "OrgNode|" + unit, "POST", "/api/v1/twin/events", event.toString());
  }

  private void completeATask(Caller caller) throws InterruptedException {
    Reply open = caller.ask("", "Tasks", "GET", "/api/v1/tasks?state=open&limit=100", "");
    JsonNode tasks = open.body().path("items");
    if (open.outcome() != Outcome.ACKNOWLEDGED || tasks.isEmpty()) {
      return;
    }
    String task = tasks.get(caller.chance.nextInt(tasks.size())).path("id").asText();
    long sent = System.nanoTime();
    Reply reply =
        caller.ask(
            nextId("t"),
            "Tasks",
            "POST",
            "/api/v1/tasks/" + task + "/complete",
            "{\"resolution\": \"seen\", \"measured_value\": 100}");
    history.add(
        new Request(
            task,
            Kind.TASK,
            "Tasks",
            sent,
            System.nanoTime(),
            reply.outcome(),
            reply.status(),
            reply.text()));
  }

  private String nextId(String kind) {
    return run + "-" + kind + ids.incrementAndGet();
  }

  private static HttpRequest.Builder request(
      URI door, String method, String path, String body, String actor) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(door.resolve(path))
            .timeout(ANSWER_PATIENCE)
            .header("Twinloop-Actor", actor)
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    return body.isEmpty()
        ? request
        : request.header(
            "Content-Type",
            method.equals("PATCH") ? "application/merge-patch+json" : "application/json");
  }

  /** What one caller got. */
  private record Reply(Outcome outcome, int status, JsonNode body) {

    static final Reply NONE = new Reply(Outcome.UNKNOWN, 0, JSON.createObjectNode());

    static Reply of(HttpResponse<byte[]> response) {
      return new Reply(outcomeOf(response.statusCode()), response.statusCode(), json(response));
    }

    private static Outcome outcomeOf(int status) {
      return switch (status / 100) {
        case 2 -> Outcome.ACKNOWLEDGED;
        case 4 -> Outcome.REFUSED;
        default -> Outcome.UNKNOWN;
      };
    }

    private static JsonNode json(HttpResponse<byte[]> response) {
      try {
        return response.body().length == 0
            ? JSON.createObjectNode()
            : JSON.readTree(response.body());
      } catch (IOException e) {
        return JSON.createObjectNode().put("detail", "no JSON: " + e.getMessage());
      }
    }

    String text() {
      return outcome == Outcome.ACKNOWLEDGED ? "" : body.path("detail").asText("");
    }
  }

  /** Somebody with a node he likes to ask until it does not answer. */
  private final class Caller {
    private final Random chance;
    private final String actor;
    private int door;

    Caller(Random chance, int number) {
      this.chance = chance;
      this.actor = "caller-" + number;
      this.door = number;
    }

    /** Asks once; without an answer the next question goes to the next node. */
    Reply ask(String id, String entity, String method, String path, String body)
        throws InterruptedException {
      HttpRequest.Builder request =
          request(doors.get(Math.floorMod(door, doors.size())), method, path, body, actor);
      if (!id.isEmpty()) {
        request.header("X-Correlation-Id", id);
      }
      long sent = System.nanoTime();
      try {
        HttpResponse<byte[]> response =
            http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        history.add(new Attempt(entity, sent, System.nanoTime(), response.statusCode(), true));
        Reply reply = Reply.of(response);
        if (reply.outcome() == Outcome.UNKNOWN) {
          door++;
        }
        return reply;
      } catch (ConnectException | HttpConnectTimeoutException nobodyThere) {
        history.add(new Attempt(entity, sent, System.nanoTime(), 0, false));
      } catch (IOException noAnswer) {
        history.add(new Attempt(entity, sent, System.nanoTime(), 0, true));
      }
      door++;
      TimeUnit.NANOSECONDS.sleep(PAUSE_AFTER_FAILURE.toNanos());
      return Reply.NONE;
    }

    /** Asks the same until it is answered, or the load ends. */
    void repeat(String id, Kind kind, String entity, String method, String path, String body)
        throws InterruptedException {
      long sent = System.nanoTime();
      Reply reply = Reply.NONE;
      while (!stopping.get() && reply.outcome() == Outcome.UNKNOWN) {
        reply = ask(id, entity, method, path, body);
        if (reply.status() >= 500) {
          TimeUnit.NANOSECONDS.sleep(PAUSE_AFTER_FAILURE.toNanos());
        }
      }
      history.add(
          new Request(
              id,
              kind,
              entity,
              sent,
              System.nanoTime(),
              reply.outcome(),
              reply.status(),
              reply.text()));
    }
  }

  private static void pause(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
