package io.twinloop.http;

import io.twinloop.domain.identity.AccessRule;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpMethods;

/**
 * One row of the HTTP surface: method, path template, who may, handler.
 *
 * @param path literal parts and parameters, {@code /api/v1/kpis/{id}/samples}; a last part {@code
 *     {name*}} takes the rest of the path, also an empty one
 * @param access who may use it; under {@code /api/} always those with a permission
 * @param narrowed the handler keeps to the {@link Call#scope} of its caller; without it, callers
 *     who come with the permission only in part are refused
 * @param maxBody largest body in bytes, {@link #DEFAULT_MAX_BODY} unless said otherwise
 * @param streaming the body is read as a stream and may be of any size
 * @param documented stands in the OpenAPI document; off for files of the console and the like
 * @param kept the answer is kept for repeats of a request with an idempotency key; off where it
 *     holds a secret, so that a repeat reaches the handler with the same {@link Call#commandId}
 * @param limitClass the class under {@code twinloop.limits.classes} in which its requests are
 *     counted; without one they are counted by themselves
 */
public record Endpoint(
    HttpMethod method,
    String path,
    AccessRule access,
    Handler handler,
    boolean narrowed,
    long maxBody,
    boolean streaming,
    boolean documented,
    boolean kept,
    Optional<String> limitClass) {

  /** Largest body where nothing else is said, in bytes. */
  public static final long DEFAULT_MAX_BODY = 64 * 1024;

  private static final Pattern PART =
      Pattern.compile("[A-Za-z0-9._:~-]+|\\{[A-Za-z][A-Za-z0-9]*}|\\{[A-Za-z][A-Za-z0-9]*\\*}");

  public Endpoint {
    Objects.requireNonNull(method);
    Objects.requireNonNull(access, "An endpoint says who may use it");
    Objects.requireNonNull(handler);
    if (path.startsWith("/api/") && access instanceof AccessRule.Open) {
      throw new IllegalArgumentException("The API is open to nobody without a permission: " + path);
    }
    List<String> parts = parts(path);
    for (int i = 0; i < parts.size(); i++) {
      String part = parts.get(i);
      if (!PART.matcher(part).matches() || (part.endsWith("*}") && i < parts.size() - 1)) {
        throw new IllegalArgumentException("Bad part '" + part + "' in the path template " + path);
      }
    }
    if (maxBody < 0) {
      throw new IllegalArgumentException("Bad body limit " + maxBody + " for " + path);
    }
  }

  public static Endpoint get(String path, AccessRule access, Handler handler) {
    return of(HttpMethods.GET, path, access, handler);
  }

  public static Endpoint put(String path, AccessRule access, Handler handler) {
    return of(HttpMethods.PUT, path, access, handler);
  }

  public static Endpoint post(String path, AccessRule access, Handler handler) {
    return of(HttpMethods.POST, path, access, handler);
  }

  public static Endpoint patch(String path, AccessRule access, Handler handler) {
    return of(HttpMethods.PATCH, path, access, handler);
  }

  public static Endpoint delete(String path, AccessRule access, Handler handler) {
    return of(HttpMethods.DELETE, path, access, handler);
  }

  /** The same endpoint with another body limit, in bytes. */
  public Endpoint withMaxBody(long bytes) {
    return new Endpoint(
        method, path, access, handler, narrowed, bytes, streaming, documented, kept, limitClass);
  }

  /** The same endpoint reading its body as a stream of any size, with {@link Call#bytes}. */
  public Endpoint streamed() {
    return new Endpoint(
        method,
        path,
        access,
        handler,
        narrowed,
        Long.MAX_VALUE,
        true,
        documented,
        kept,
        limitClass);
  }

  /** The same endpoint, kept out of the OpenAPI document. */
  public Endpoint undocumented() {
    return new Endpoint(
        method, path, access, handler, narrowed, maxBody, streaming, false, kept, limitClass);
  }

  /** The same endpoint, whose handler keeps to the {@link Call#scope} of its caller. */
  public Endpoint withinReach() {
    return new Endpoint(
        method, path, access, handler, true, maxBody, streaming, documented, kept, limitClass);
  }

  /** The same endpoint, whose answers aren't kept for repeats. */
  public Endpoint unkept() {
    return new Endpoint(
        method, path, access, handler, narrowed, maxBody, streaming, documented, false, limitClass);
  }

  /** The same endpoint behind another handler. */
  public Endpoint withHandler(Handler other) {
    return new Endpoint(
        method, path, access, other, narrowed, maxBody, streaming, documented, kept, limitClass);
  }

  /** The same endpoint, whose requests are counted together with others of a class. */
  public Endpoint limited(String name) {
    return new Endpoint(
        method,
        path,
        access,
        handler,
        narrowed,
        maxBody,
        streaming,
        documented,
        kept,
        Optional.of(name));
  }

  /** Method and path template. */
  String name() {
    return method.name() + " " + path;
  }

  List<String> parts() {
    return parts(path);
  }

  private static List<String> parts(String path) {
    if (!path.startsWith("/") || (path.length() > 1 && path.endsWith("/"))) {
      throw new IllegalArgumentException(
          "A path template starts with / and doesn't end with it: " + path);
    }
    return path.equals("/") ? List.of() : List.of(path.substring(1).split("/", -1));
  }

  private static Endpoint of(HttpMethod method, String path, AccessRule access, Handler handler) {
    return new Endpoint(
        method,
        path,
        access,
        handler,
        false,
        DEFAULT_MAX_BODY,
        false,
        true,
        true,
        Optional.empty());
  }
}
