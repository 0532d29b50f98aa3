package io.twinloop.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpCharsets;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/** The answers of the contract. */
public final class Answers {

  /** The type of every refusal. */
  static final ContentType PROBLEM_JSON =
      ContentTypes.create(
          MediaTypes.applicationWithFixedCharset("problem+json", HttpCharsets.UTF_8));

  private Answers() {}

  /** 200 with a body. */
  public static HttpResponse ok(Object body) {
    return json(200, body);
  }

  /** 201 with the path of what was created. */
  public static HttpResponse created(String location, Object body) {
    return json(201, body).addHeader(RawHeader.create("Location", location));
  }

  /** 202 with a body. */
  public static HttpResponse accepted(Object body) {
    return json(202, body);
  }

  /** 202 with the path where the outcome will be found. */
  public static HttpResponse accepted(String location, Object body) {
    return accepted(body).addHeader(RawHeader.create("Location", location));
  }

  /** 204. */
  public static HttpResponse noContent() {
    return HttpResponse.create().withStatus(204).withEntity(HttpEntities.EMPTY);
  }

  /** 200 with bytes of any type. */
  public static HttpResponse bytes(ContentType type, byte[] bytes) {
    return HttpResponse.create().withEntity(HttpEntities.create(type, bytes));
  }

  /**
   * 200 with one page of a list; the cursor is what the next call's {@link Call#cursor} returns.
   */
  public static HttpResponse page(List<?> items, Optional<String> nextCursor) {
    ObjectNode page = Json.object();
    ArrayNode array = page.putArray("items");
    items.forEach(item -> array.add(Json.tree(item)));
    page.put("nextCursor", nextCursor.map(OpaqueToken::encode).orElse(null));
    return ok(page);
  }

  /**
   * 200 with one page of a list of which one entry more than the limit was asked for: that entry
   * tells that there is a next page, and isn't shown.
   *
   * @param cursor makes the cursor of the page after an entry
   */
  public static <T> HttpResponse page(
      List<T> fetched, int limit, Function<T, String> cursor, Function<T, ?> shown) {
    boolean more = fetched.size() > limit;
    List<T> items = more ? fetched.subList(0, limit) : fetched;
    return page(
        items.stream().map(shown).toList(),
        more ? Optional.of(cursor.apply(items.get(limit - 1))) : Optional.empty());
  }

  /** The answer with the revision of its entity as ETag. */
  public static HttpResponse withRevision(HttpResponse answer, long revision) {
    return answer.addHeader(RawHeader.create("ETag", "\"" + revision + "\""));
  }

  /** The answer with the position a query can wait for. */
  public static HttpResponse withPosition(HttpResponse answer, ReadPosition position) {
    return answer.addHeader(RawHeader.create("Twinloop-Position", position.encode()));
  }

  /** A refusal, {@code application/problem+json}. */
  public static HttpResponse problem(Problem problem) {
    return HttpResponse.create()
        .withStatus(problem.status())
        .withEntity(HttpEntities.create(PROBLEM_JSON, Json.bytes(problem.toJson())));
  }

  /** A refusal by its code: the status is chosen by {@link Problems}. */
  public static HttpResponse refused(String code, String detail) {
    return problem(Problems.of(code, detail));
  }

  static HttpResponse problem(ProblemException refusal) {
    HttpResponse answer = problem(refusal.problem());
    return refusal.retryAfter().isPresent()
        ? answer.addHeader(retryAfter(refusal.retryAfter().get()))
        : answer;
  }

  private static RawHeader retryAfter(Duration pause) {
    long seconds = Math.max(1, pause.plusMillis(999).toSeconds());
    return RawHeader.create("Retry-After", Long.toString(seconds));
  }

  private static HttpResponse json(int status, Object body) {
    return HttpResponse.create()
        .withStatus(status)
        .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, Json.bytes(body)));
  }
}
