package io.twinloop.http.operations;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import io.twinloop.domain.identity.Permission;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.Problems;
import io.twinloop.projections.Database;
import io.twinloop.projections.clock.ProductClock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** What time it is for the product, and moving it on where the site allows that. */
public final class ClockRoutes {

  private final ProductClock clock;
  private final Database database;

  public ClockRoutes(ProductClock clock, Database database) {
    this.clock = clock;
    this.database = database;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/clock", Permission.CLOCK_READ, this::read),
        Endpoint.post("/api/v1/clock", Permission.CLOCK_MOVE, this::move));
  }

  private CompletionStage<HttpResponse> read(Call call) {
    return CompletableFuture.completedStage(answer());
  }

  private CompletionStage<HttpResponse> move(Call call) {
    return flatMap(
        call.json(),
        body -> {
          Duration by = JsonFields.read(body, ClockRoutes::advance);
          if (!clock.isMovable()) {
            throw Problems.of(
                    "wrong-state",
                    "This clock is the machine's and is not moved; a site allows it with"
                        + " TWINLOOP_MOVABLE_CLOCK=true, for trials only.")
                .refuse();
          }
          return map(
              clock.advance(by, database),
              moved -> {
                if (!moved) {
                  throw Problems.of(
                          "refused",
                          "Moving the clock by %s would bring it more than %d days ahead; it is %s ahead."
                              .formatted(by, ProductClock.FARTHEST.toDays(), clock.ahead()))
                      .refuse();
                }
                return answer();
              });
        });
  }

  private static Duration advance(JsonFields fields) {
    fields.json("advance"); // it has to be there
    Optional<Duration> by = fields.optionalDuration("advance");
    if (by.isPresent() && by.get().compareTo(Duration.ofMillis(1)) < 0) {
      fields.refuse(
          "advance", "The clock is moved by a millisecond or more, not by " + by.get() + ".");
    }
    return by.orElse(Duration.ZERO);
  }

  private HttpResponse answer() {
    return Answers.ok(
        Json.object()
            .put("now", clock.instant().toString())
            .put("offset", clock.ahead().toString())
            .put("movable", clock.isMovable()));
  }
}
