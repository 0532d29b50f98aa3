package io.twinloop.projections.bus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Refusals;
import io.twinloop.serialization.IntegrationEvent;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.regex.Pattern;

/** The payload of an event, read field by field; a value that can't be taken is refused by name. */
public final class EventData {

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:~-]{1,128}");

  private final IntegrationEvent event;

  private EventData(IntegrationEvent event) {
    this.event = event;
  }

  /** What an event says can't have its effect, now or later. */
  public static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;

    public RefusedException(String code, String sentence) {
      super(sentence);
      this.code = code;
    }
  }

  /** An effect that reads its event's payload; what it refuses becomes the outcome. */
  public static CompletionStage<Effect.Outcome> taken(
      IntegrationEvent event, Function<EventData, CompletionStage<?>> effect) {
    CompletionStage<?> done;
    try {
      done = effect.apply(new EventData(event));
    } catch (RefusedException e) {
      done = CompletableFuture.failedStage(e);
    }
    return done.handle(
            (result, failure) -> {
              Throwable cause =
                  failure instanceof CompletionException ? failure.getCause() : failure;
              if (cause instanceof RefusedException refused) {
                Effect.Outcome outcome = new Effect.Refused(refused.code, refused.getMessage());
                return CompletableFuture.completedStage(outcome);
              }
              return failure == null
                  ? CompletableFuture.<Effect.Outcome>completedStage(new Effect.Done())
                  : CompletableFuture.<Effect.Outcome>failedStage(failure);
            })
        .thenCompose(outcome -> outcome);
  }

  public IntegrationEvent event() {
    return event;
  }

  /** Why the twin changes: this event, in its loop. */
  public Cause cause() {
    return new Cause(event.correlationId(), event.id(), "bpa");
  }

  /** The id of an entity. */
  public String id(String field) {
    return optionalId(field).orElseThrow(() -> refused(field, "the id of an entity"));
  }

  /** The id of the entity the event is about: where the payload does not name it, its subject. */
  public String idOrSubject(String field) {
    if (event.data().hasNonNull(field)) {
      return id(field);
    }
    if (!ID.matcher(event.subject()).matches()) {
      throw refused(field, "the id of an entity");
    }
    return event.subject();
  }

  public Optional<String> optionalId(String field) {
    Optional<String> text = text(field);
    if (text.isPresent() && !ID.matcher(text.get()).matches()) {
      throw refused(field, "1 to 128 letters, digits or any of . _ : ~ -");
    }
    return text;
  }

  public Optional<String> text(String field) {
    JsonNode value = value(field);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw refused(field, "a text");
    }
    return Optional.of(value.textValue());
  }

  public double number(String field) {
    return optionalNumber(field).orElseThrow(() -> refused(field, "a number"));
  }

  public Optional<Double> optionalNumber(String field) {
    JsonNode value = value(field);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw refused(field, "a number");
    }
    return Optional.of(value.doubleValue());
  }

  /** A number that is never below zero, such as an amount or a duration. */
  public double amount(String field) {
    double value = number(field);
    if (value < 0) {
      throw refused(field, "0 or more");
    }
    return value;
  }

  /** A date, or the date of an instant, UTC. */
  public Optional<LocalDate> date(String field) {
    return text(field)
        .map(
            text -> {
              try {
                return text.indexOf('T') < 0
                    ? LocalDate.parse(text)
                    : OffsetDateTime.parse(text)
                        .withOffsetSameInstant(ZoneOffset.UTC)
                        .toLocalDate();
              } catch (DateTimeException e) {
                throw refused(field, "a date such as 2026-03-31");
              }
            });
  }

  /** When something happened; where the payload does not say, when the event did. */
  public Instant instantOrTime(String field) {
    return text(field)
        .map(
            text -> {
              try {
                return OffsetDateTime.parse(text).toInstant();
              } catch (DateTimeException e) {
                throw refused(field, "an RFC 3339 time");
              }
            })
        .orElse(event.time());
  }

  /** The refusal of a field's value. */
  public RefusedException refused(String field, String expected) {
    JsonNode value = value(field);
    String said = value.isMissingNode() ? "missing" : value.toString();
    return new RefusedException(
        Refusals.REFUSED, "data.%s is %s, expected %s.".formatted(field, said, expected));
  }

  private JsonNode value(String field) {
    JsonNode value = event.data().path(field);
    return value.isNull() ? MissingNode.getInstance() : value;
  }
}
