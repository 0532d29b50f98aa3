package io.twinloop.http.bus;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import io.cloudevents.CloudEvent;
import io.cloudevents.core.message.MessageReader;
import io.cloudevents.http.HttpMessageFactory;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.Problems;
import io.twinloop.http.Sse;
import io.twinloop.projections.bus.EventQueries;
import io.twinloop.projections.bus.EventQueries.Filter;
import io.twinloop.projections.bus.EventQueries.Place;
import io.twinloop.projections.bus.EventQueries.Recorded;
import io.twinloop.projections.bus.EventSender;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.CloudEventCodec.MalformedEventException;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.javadsl.Source;

/** Integration events: sent in by HTTP, looked up, and followed live. */
public final class EventRoutes {

  private static final int PAGE_OF_STREAM = 200;

  private final EventSender sender;
  private final EventQueries events;
  private final PersonalData personalData;
  private final EventWatch watch;
  private final StreamsByCaller streams = new StreamsByCaller();

  public EventRoutes(EventSender sender, EventQueries events, PersonalData personalData) {
    this.sender = sender;
    this.events = events;
    this.personalData = personalData;
    this.watch = new EventWatch(() -> events.newest());
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/events", Permission.EVENT_READ, this::list).withinReach(),
        Endpoint.post("/api/v1/events", Permission.EVENT_SEND, this::send),
        Endpoint.get("/api/v1/events/stream", Permission.EVENT_READ, this::stream).withinReach(),
        Endpoint.post("/api/v1/twin/events", Permission.EVENT_SEND, this::tellTwin));
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    Place after = call.cursor().map(EventRoutes::placeOf).orElse(Place.BEGINNING);
    return map(
        events.within(call.scope()).after(after, filterOf(call), limit + 1),
        page -> Answers.page(page, limit, event -> event.place().text(), Recorded::event));
  }

  /** Any event, on the topic of its direction. */
  private CompletionStage<HttpResponse> send(Call call) {
    return flatMap(read(call), event -> publish(call, event));
  }

  /** An event for the twin, as if it had come by the bus. */
  private CompletionStage<HttpResponse> tellTwin(Call call) {
    return flatMap(
        read(call),
        event -> {
          boolean fromTwin =
              Catalogue.find(event.type())
                  .map(entry -> entry.direction() != Direction.BPA_TO_DTO)
                  .orElse(false);
          if (fromTwin || event.direction() != Direction.BPA_TO_DTO) {
            throw Problems.of(
                    "refused",
                    "Event '%s' of type %s goes from the twin to automation; the twin takes only events of direction bpa-to-dto."
                        .formatted(event.id(), event.type()))
                .refuse();
          }
          return publish(call, event);
        });
  }

  private CompletionStage<HttpResponse> publish(Call call, IntegrationEvent event) {
    checkSource(call.caller().identity(), event.source());
    EventPermissions.check(call.caller().identity(), event);
    return map(
        sender.send(event),
        sent -> {
          if (!sent) {
            throw Problems.of(
                    "already-exists",
                    "The id '%s' belongs to an event of another type, source or subject; give this one an id of its own."
                        .formatted(event.id()))
                .refuse();
          }
          return Answers.accepted(Json.object().put("eventId", event.id()));
        });
  }

  private static void checkSource(Identity identity, String source) {
    String code = identity.subject();
    if (identity.kind() == Identity.Kind.DOMAIN && !isOwnSource(code, source)) {
      throw Problems.of(
              "forbidden",
              "The domain '%s' can't send events of the source '%s'; its own are //%s/… and //hub/%s."
                  .formatted(code, source, code, code))
          .refuse();
    }
  }

  /**
   * A domain speaks for itself: {@code //BNI}, {@code //BNI/…} or {@code //hub/BNI}. One that came
   * by the code of a source of ours, such as {@code hub}, has none.
   */
  static boolean isOwnSource(String code, String source) {
    return Identity.isDomainCode(code) && ownsSource(code, source);
  }

  private static boolean ownsSource(String code, String source) {
    return source.equals("//" + code)
        || source.startsWith("//" + code + "/")
        || source.equals("//hub/" + code);
  }

  /** Structured where the body says so or holds {@code specversion}; else binary by its headers. */
  private CompletionStage<IntegrationEvent> read(Call call) {
    return flatMap(
        call.text(),
        text -> {
          try {
            boolean binary = call.header("ce-specversion").isPresent();
            IntegrationEvent event = binary ? binary(call, text) : structured(text);
            if (PersonalData.isMarked(CloudEventCodec.encode(event))) {
              throw new MalformedEventException("it holds what marks sealed personal data", null);
            }
            return personalData.seal(event);
          } catch (MalformedEventException e) {
            throw Problems.of("malformed", "This is no event of ours: " + e.getMessage()).refuse();
          }
        });
  }

  private static IntegrationEvent structured(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Json.read(bytes); // refuses what is no strict JSON, naming the place
    return CloudEventCodec.decode(bytes);
  }

  private static IntegrationEvent binary(Call call, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 0) {
      Json.read(bytes);
    }
    try {
      MessageReader reader =
          HttpMessageFactory.createReader(
              headers -> {
                for (HttpHeader header : call.request().getHeaders()) {
                  headers.accept(header.name(), header.value());
                }
                headers.accept("content-type", call.contentType().orElse("application/json"));
              },
              bytes);
      CloudEvent event = reader.toEvent();
      return CloudEventCodec.fromCloudEvent(event);
    } catch (MalformedEventException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new MalformedEventException("its headers are not those of a CloudEvent", e);
    }
  }

  /** Events from the place of Last-Event-ID on, or from now on. */
  private CompletionStage<HttpResponse> stream(Call call) {
    Filter filter = filterOf(call);
    CompletionStage<Place> start =
        call.lastEventId().isPresent()
            ? CompletableFuture.completedStage(placeOf(call.lastEventId().get()))
            : events.newest();
    return map(
        start,
        place ->
            Sse.response(
                call, streams.counted(call.caller().identity(), follow(call, place, filter))));
  }

  private Source<Sse.Event, NotUsed> follow(Call call, Place start, Filter filter) {
    return Source.unfoldAsync(start, place -> next(call, place, filter).thenApply(Optional::of))
        .mapConcat(page -> page)
        .map(
            event ->
                new Sse.Event(
                    Optional.of(event.place().text()), event.type(), event.event().toString()));
  }

  /** The next page, and from where to go on; an empty one where nothing came for long. */
  private CompletionStage<Pair<Place, List<Recorded>>> next(Call call, Place place, Filter filter) {
    return flatMap(
        watch.after(place, call.system()),
        newest ->
            newest.isAfter(place)
                ? map(page(call, place, filter), page -> Pair.create(after(newest, page), page))
                : CompletableFuture.completedStage(Pair.create(place, List.of())));
  }

  private CompletionStage<List<Recorded>> page(Call call, Place place, Filter filter) {
    return flatMap(
        call.scopeNow(), scope -> events.within(scope).after(place, filter, PAGE_OF_STREAM));
  }

  /**
   * Where a stream stands after a page: at its last event, and where the page isn't full also after
   * all that was there before it was asked for, so that nobody reads the same again and again to
   * find what few see.
   */
  static Place after(Place newestBefore, List<Recorded> page) {
    if (page.isEmpty()) {
      return newestBefore;
    }
    Place last = page.get(page.size() - 1).place();
    return page.size() < PAGE_OF_STREAM && newestBefore.isAfter(last) ? newestBefore : last;
  }

  private static Filter filterOf(Call call) {
    return new Filter(
        call.query("type").orElse(null),
        call.query("entityId").orElse(null),
        call.query("correlationId").orElse(null));
  }

  private static Place placeOf(String text) {
    return Place.of(text)
        .orElseThrow(
            () ->
                Problems.of("malformed", "'" + text + "' is no place in the history of events.")
                    .refuse());
  }
}
