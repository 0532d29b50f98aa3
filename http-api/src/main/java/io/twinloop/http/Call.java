package io.twinloop.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.http.door.AnswerTime;
import io.twinloop.projections.identity.Scope;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpCharset;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.MediaType;
import org.apache.pekko.http.javadsl.model.Query;
import org.apache.pekko.http.scaladsl.model.IllegalUriException;
import org.apache.pekko.stream.SharedKillSwitch;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * A request being answered: path and query parameters, caller, conditions, body.
 *
 * <p>Every reader refuses bad input with a {@link ProblemException} that names the place.
 */
public final class Call {

  /** Entries of a list when the caller doesn't say how many. */
  public static final int DEFAULT_LIMIT = 100;

  /** Most entries of a list. */
  public static final int MAX_LIMIT = 1_000;

  private static final Pattern REVISION = Pattern.compile("\"(0|[1-9][0-9]{0,17})\"");
  private static final Pattern ENTITY_TAG = Pattern.compile("(W/)?\"[!#-~]*\"");

  private final HttpRequest request;
  private final Endpoint endpoint;
  private final List<String> pathValues;
  private final RequestHeaders headers;
  private final Caller caller;
  private final Scope scope;
  private final Supplier<CompletionStage<Scope>> scopeNow;
  private final Function<Optional<Instant>, CompletionStage<Scope>> scopeAt;
  private final Body body;
  private final HttpSettings settings;
  private final ActorSystem<?> system;
  private final SharedKillSwitch stopping;
  private final Runnable takesItsTime;
  private Query query;
  private String commandId;

  Call(
      HttpRequest request,
      Endpoint endpoint,
      List<String> pathValues,
      RequestHeaders headers,
      Caller caller,
      Scope scope,
      Supplier<CompletionStage<Scope>> scopeNow,
      Function<Optional<Instant>, CompletionStage<Scope>> scopeAt,
      Body body,
      Optional<String> commandId,
      HttpSettings settings,
      ActorSystem<?> system,
      SharedKillSwitch stopping,
      Runnable takesItsTime) {
    this.request = request;
    this.endpoint = endpoint;
    this.pathValues = pathValues;
    this.headers = headers;
    this.caller = caller;
    this.scope = scope;
    this.scopeNow = scopeNow;
    this.scopeAt = scopeAt;
    this.body = body;
    this.commandId = commandId.orElse(null);
    this.settings = settings;
    this.system = system;
    this.stopping = stopping;
    this.takesItsTime = takesItsTime;
  }

  public Caller caller() {
    return caller;
  }

  /** What of the organisation the caller may see or change here; what is outside isn't there. */
  public Scope scope() {
    return scope;
  }

  /**
   * The same as it is by now, for answers that go on for long; fails as the request itself would
   * when its caller's token or key doesn't hold any more.
   */
  public CompletionStage<Scope> scopeNow() {
    return scopeNow.get();
  }

  /**
   * The same for a question about another time: what lay then within the units the caller manages
   * now. Without a time it is {@link #scope}.
   */
  public CompletionStage<Scope> scopeAt(Optional<Instant> at) {
    return at.isPresent() ? scopeAt.apply(at) : CompletableFuture.completedStage(scope);
  }

  /** Refuses to change what is outside the caller's {@link #scope}; tells nothing of it. */
  public void mayChange(boolean inScope, String what) {
    if (!inScope) {
      throw Problems.of(
              "forbidden", "%s is not within the units of '%s'.".formatted(what, caller.actor()))
          .refuse();
    }
  }

  /**
   * An id for the command this request becomes. With an idempotency key it is the same for every
   * repeat, so that the entity recognises a repeat whose first answer was lost; else it is new.
   */
  public synchronized String commandId() {
    if (commandId == null) {
      commandId = Callers.newUuid().toString();
    }
    return commandId;
  }

  /** An id in the path. */
  public String id(String name) {
    String value = path(name);
    if (!Inputs.isId(value)) {
      throw Problems.at(
              "{" + name + "}",
              "malformed",
              "Expected " + name + " to be " + Inputs.ID_IN_WORDS + ", not " + Inputs.quoted(value))
          .refuse();
    }
    return value;
  }

  /** A parameter of the path, decoded but not looked at. */
  public String path(String name) {
    int index = 0;
    for (String part : endpoint.parts()) {
      if (part.equals("{" + name + "}") || part.equals("{" + name + "*}")) {
        return pathValues.get(index);
      }
      if (part.startsWith("{")) {
        index++;
      }
    }
    throw new IllegalArgumentException("No parameter '" + name + "' in " + endpoint.path());
  }

  /** A query parameter; empty when absent or without text. */
  public Optional<String> query(String name) {
    List<String> values = query().getAll(name);
    if (values.size() > 1) {
      throw badQuery(name, "Expected " + name + " once, not " + values.size() + " times.");
    }
    if (values.isEmpty() || values.get(0).isEmpty()) {
      return Optional.empty();
    }
    if (Json.indexOfUnstorable(values.get(0)) >= 0) {
      throw badQuery(name, "The value of " + name + " holds a character that is no text.");
    }
    return Optional.of(values.get(0));
  }

  /** A query parameter that must be there. */
  public String requiredQuery(String name) {
    return query(name)
        .orElseThrow(() -> badQuery(name, "The query parameter " + name + " is missing."));
  }

  /** An instant among the query parameters, RFC 3339 from 1900 to 2200. */
  public Optional<Instant> instant(String name) {
    // The + of an offset arrives as a space when the client forgot to encode it.
    return read(
        name, Inputs.INSTANT_IN_WORDS, text -> Inputs.instant(text.strip().replace(' ', '+')));
  }

  /** A duration among the query parameters, {@code 30s} or {@code PT30S}. */
  public Optional<Duration> duration(String name) {
    return read(name, Inputs.DURATION_IN_WORDS, Inputs::duration);
  }

  /** A whole number among the query parameters. */
  public OptionalLong number(String name, long min, long max) {
    Optional<Long> number =
        read(
            name,
            "a whole number from " + min + " to " + max,
            text -> wholeNumber(text).filter(n -> n >= min && n <= max));
    return number.isPresent() ? OptionalLong.of(number.get()) : OptionalLong.empty();
  }

  /** A yes or no among the query parameters, no when absent. */
  public boolean flag(String name) {
    return read(
            name,
            "true or false",
            text ->
                switch (text) {
                  case "true" -> Optional.of(true);
                  case "false" -> Optional.of(false);
                  default -> Optional.empty();
                })
        .orElse(false);
  }

  /** One of the constants of an enum among the query parameters, by its name. */
  public <E extends Enum<E>> Optional<E> oneOf(String name, Class<E> type) {
    List<E> constants = List.of(type.getEnumConstants());
    return read(
        name,
        "one of " + constants,
        text -> constants.stream().filter(constant -> constant.name().equals(text)).findFirst());
  }

  /** How many entries the caller wants, {@value #DEFAULT_LIMIT} unless it says. */
  public int limit() {
    return (int) number("limit", 1, MAX_LIMIT).orElse(DEFAULT_LIMIT);
  }

  /** The text that {@link Answers#page} was given as the cursor of the page before. */
  public Optional<String> cursor() {
    return read("cursor", "the nextCursor of the page before, unchanged", OpaqueToken::decode);
  }

  /** A header as it came; for a header that stands several times, the first. */
  public Optional<String> header(String name) {
    return request.getHeader(name).map(HttpHeader::value);
  }

  /** The revision the change is meant for; empty without If-Match or with {@code *}. */
  public OptionalLong ifMatch() {
    Optional<String> value = headers.get("if-match").filter(tag -> !tag.equals("*"));
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    Matcher revision = REVISION.matcher(value.get());
    if (revision.matches()) {
      return OptionalLong.of(Long.parseLong(revision.group(1)));
    }
    if (ENTITY_TAG.matcher(value.get()).matches()) {
      throw Problems.at(
              "if-match:",
              "revision-mismatch",
              "No revision has the tag " + Inputs.quoted(value.get()) + "; read it again.")
          .refuse();
    }
    throw RequestHeaders.malformed(
        "if-match",
        "Expected If-Match to be a revision in quotes like \"3\", or *, not "
            + Inputs.quoted(value.get())
            + ".");
  }

  /** Whether the change is meant for something that exists: {@code If-Match: *} or a revision. */
  public boolean mustExist() {
    return headers.get("if-match").isPresent();
  }

  /** Whether the change is meant for something that doesn't exist: {@code If-None-Match: *}. */
  public boolean mustBeNew() {
    return headers.get("if-none-match").filter("*"::equals).isPresent();
  }

  /** The id of the last event a stream's reader has seen. */
  public Optional<String> lastEventId() {
    return headers
        .get("last-event-id")
        .filter(value -> !value.isEmpty())
        .map(
            value -> {
              if (!Inputs.isId(value)) {
                throw RequestHeaders.malformed(
                    "last-event-id",
                    "Expected the id of an event of this stream, not "
                        + Inputs.quoted(value)
                        + ".");
              }
              return value;
            });
  }

  /** The body as JSON; refuses when it is missing. */
  public CompletionStage<JsonNode> json() {
    return Stages.map(
        optionalJson(),
        json ->
            json.orElseThrow(
                () -> Problems.of("body-missing", "The request needs a JSON body.").refuse()));
  }

  /** The body as JSON, empty when there is none. */
  public CompletionStage<Optional<JsonNode>> optionalJson() {
    return Stages.map(
        body.collect(),
        bytes -> {
          if (bytes.isEmpty()) {
            return Optional.empty();
          }
          requireJson();
          return Optional.of(Json.read(bytes.toArray()));
        });
  }

  /** The body as UTF-8 text. */
  public CompletionStage<String> text() {
    return Stages.map(
        body.collect(),
        bytes -> {
          try {
            return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes.toArray()))
                .toString();
          } catch (CharacterCodingException e) {
            throw Problems.of("malformed", "The body isn't UTF-8.").refuse();
          }
        });
  }

  /** The body as it arrives, inflated when it is gzip; asked for once. */
  public Source<ByteString, ?> bytes() {
    return body.stream();
  }

  /**
   * The media type of the body in lower case, like {@code application/json}; empty when not said.
   */
  public Optional<String> contentType() {
    // Pekko HTTP makes this type of a missing one, and leaves one it can't parse among the headers.
    if (request.entity().getContentType().equals(ContentTypes.APPLICATION_OCTET_STREAM)) {
      return header("content-type");
    }
    MediaType type = request.entity().getContentType().mediaType();
    return Optional.of((type.mainType() + "/" + type.subType()).toLowerCase(Locale.ROOT));
  }

  /**
   * The character set of the body, from the query parameter {@code charset} or the one of its
   * Content-Type; empty when neither says it.
   */
  public Optional<Charset> charset() {
    Optional<String> name =
        query("charset")
            .or(() -> request.entity().getContentType().getCharsetOption().map(HttpCharset::value));
    try {
      return name.map(Charset::forName);
    } catch (IllegalArgumentException e) {
      throw Problems.at(
              query("charset").isPresent() ? "?charset" : "content-type:",
              "unsupported-media-type",
              "There is no character set " + Inputs.quoted(name.get()) + " here; UTF-8 always is.")
          .refuse();
    }
  }

  /** Refuses a body that says it is of another type than these; one that says nothing passes. */
  public void requireContentType(String... types) {
    contentType()
        .filter(type -> !List.of(types).contains(type))
        .ifPresent(
            type -> {
              throw unsupported(type, String.join(" or ", types));
            });
  }

  private void requireJson() {
    contentType()
        .filter(type -> !type.equals("application/json") && !type.endsWith("+json"))
        .ifPresent(
            type -> {
              throw unsupported(type, "application/json");
            });
  }

  /**
   * Gives this answer more time than {@code twinloop.http.request-timeout}; it counts no longer
   * among the requests in progress.
   */
  public void allow(Duration time) {
    takesItsTime.run();
    request
        .getAttribute(AnswerTime.ATTRIBUTE)
        .ifPresent(answer -> answer.set(settings.requestTimeout().plus(time)));
  }

  /** The request itself, for what has no reader here: a WebSocket upgrade. */
  public HttpRequest request() {
    return request;
  }

  /** The actor system that materialises this request's streams. */
  public ActorSystem<?> system() {
    return system;
  }

  /** How far a gzip body may grow, as a factor. */
  public long gzipRatio() {
    return settings.gzipRatio();
  }

  HttpSettings settings() {
    return settings;
  }

  SharedKillSwitch stopping() {
    return stopping;
  }

  private <T> Optional<T> read(String name, String expected, Function<String, Optional<T>> reader) {
    return query(name)
        .map(
            text ->
                reader
                    .apply(text)
                    .orElseThrow(
                        () ->
                            badQuery(
                                name,
                                "Expected %s to be %s, not %s."
                                    .formatted(name, expected, Inputs.quoted(text)))));
  }

  private Query query() {
    if (query == null) {
      try {
        query = request.getUri().query();
      } catch (IllegalUriException e) {
        throw Problems.at("?", "malformed", "The query can't be read: " + e.info().summary())
            .refuse();
      }
    }
    return query;
  }

  private static Optional<Long> wholeNumber(String text) {
    try {
      return Optional.of(Long.valueOf(text));
    } catch (NumberFormatException notANumber) {
      return Optional.empty();
    }
  }

  private static ProblemException badQuery(String name, String detail) {
    return Problems.at("?" + name, "malformed", detail).refuse();
  }

  private static ProblemException unsupported(String type, String expected) {
    return Problems.at(
            "content-type:",
            "unsupported-media-type",
            "Expected a body of type " + expected + ", not " + Inputs.quoted(type) + ".")
        .refuse();
  }
}
