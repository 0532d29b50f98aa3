package io.twinloop.http;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where refusal codes become HTTP statuses.
 *
 * <p>A code that isn't listed here is answered with 422 and reported in the log; a test walks the
 * codes of every entity and fails before that happens.
 */
public final class Problems {

  private record Kind(int status, String title) {}

  /** Something personal was sent of somebody who is erased. */
  public static final String SUBJECT_ERASED = "subject-erased";

  private static final Kind UNLISTED = new Kind(422, "The request was understood but refused");

  private static final Map<String, Kind> KINDS =
      Map.ofEntries(
          // The request can't be read.
          kind("malformed", 400, "The request can't be read"),
          kind("invalid-fields", 400, "Fields of the request are missing, unknown or wrong"),
          kind("body-missing", 400, "The request needs a body"),
          kind("line-too-long", 400, "A line is too long"),
          kind("body-broken", 400, "The body ended early or can't be decoded"),
          kind("unauthenticated", 401, "The caller is unknown"),
          kind("forbidden", 403, "The caller may not do this"),
          kind("foreign-host", 403, "The request came through a foreign name or site"),
          kind("not-found", 404, "There is no such thing"),
          kind("no-such-path", 404, "There is no such path"),
          kind("method-not-allowed", 405, "The path doesn't know this method"),
          kind("gone", 410, "It was kept once, and is no longer"),
          kind("body-too-slow", 408, "The body took too long to arrive"),
          kind("body-too-large", 413, "The body is too large"),
          kind("uri-too-long", 414, "The address is too long"),
          kind("unsupported-media-type", 415, "The body has a type that isn't read here"),
          kind("headers-too-large", 431, "The headers are too large"),
          // The state speaks against it.
          kind("conflict", 409, "The present state speaks against it"),
          kind("already-exists", 409, "It exists already"),
          kind("not-yours", 409, "Somebody else holds it"),
          kind("wrong-state", 409, "The present state speaks against it"),
          kind("request-in-progress", 409, "The first request with this key is being answered"),
          kind("revision-mismatch", 412, "It changed in the meantime"),
          kind("precondition-required", 428, "The request needs an If-Match header"),
          // Understood, but no.
          kind("refused", 422, "The request was understood but refused"),
          kind("invalid-value", 422, "A value is out of its range"),
          kind("idempotency-key-reused", 422, "The key belongs to another request"),
          kind(Problems.SUBJECT_ERASED, 422, "The person was erased"),
          kind("too-many-requests", 429, "Too many requests"),
          // Our side.
          kind("internal", 500, "Something went wrong here"),
          kind("overloaded", 503, "Too much to do right now"),
          kind("unavailable", 503, "Something this request needs is away"),
          kind("timed-out", 503, "The answer took too long"),
          kind("cut-off", 503, "This node may be no member of the cluster any more"),
          kind("stopping", 503, "This node is stopping"),
          kind("read-model-behind", 503, "The read model hasn't got there yet"));

  private static final Logger LOG = LoggerFactory.getLogger(Problems.class);
  private static final Set<String> REPORTED = ConcurrentHashMap.newKeySet();

  private Problems() {}

  /** The problem with the status and title of its code. */
  public static Problem of(String code, String detail, List<Problem.Place> errors) {
    Kind kind = KINDS.get(code);
    if (kind == null) {
      if (REPORTED.add(code)) {
        LOG.error("The refusal code '{}' has no HTTP status; list it in Problems.", code);
      }
      kind = UNLISTED;
    }
    return new Problem(kind.status(), code, kind.title(), detail, errors);
  }

  /** The problem with the status and title of its code, without places. */
  public static Problem of(String code, String detail) {
    return of(code, detail, List.of());
  }

  /** A problem at one place of the request; the detail is said at the place too. */
  public static Problem at(String pointer, String code, String detail) {
    return of(code, detail, List.of(new Problem.Place(pointer, detail)));
  }

  /** Every code that has a status. */
  public static Set<String> codes() {
    return KINDS.keySet();
  }

  /** The status of a listed code, in tests of entities' codes; throws for a code not listed. */
  public static int statusOf(String code) {
    Kind kind = KINDS.get(code);
    if (kind == null) {
      throw new IllegalArgumentException(
          "The refusal code '" + code + "' has no HTTP status; list it in Problems.");
    }
    return kind.status();
  }

  private static Map.Entry<String, Kind> kind(String code, int status, String title) {
    return Map.entry(code, new Kind(status, title));
  }
}
