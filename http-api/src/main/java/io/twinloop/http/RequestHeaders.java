package io.twinloop.http;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/** The headers of a request that this kit reads itself, each of which may stand once. */
final class RequestHeaders {

  private static final Set<String> READ =
      Set.of(
          "host",
          "authorization",
          "x-api-key",
          "origin",
          "expect",
          "content-encoding",
          "if-match",
          "if-none-match",
          "last-event-id",
          "idempotency-key",
          "x-correlation-id",
          "traceparent",
          "twinloop-actor",
          "twinloop-after");

  private final Map<String, String> values;
  private final Set<String> repeated;

  private RequestHeaders(Map<String, String> values, Set<String> repeated) {
    this.values = values;
    this.repeated = repeated;
  }

  static RequestHeaders of(HttpRequest request) {
    Map<String, String> values = new HashMap<>(8);
    Set<String> repeated = Set.of();
    for (HttpHeader header : request.getHeaders()) {
      String name = header.lowercaseName();
      if (READ.contains(name) && values.put(name, header.value().strip()) != null) {
        repeated = repeated.isEmpty() ? new HashSet<>(2) : repeated;
        repeated.add(name);
      }
    }
    return new RequestHeaders(values, repeated);
  }

  /** The value of a header, or a refusal when it stands more than once. */
  Optional<String> get(String lowerCaseName) {
    if (repeated.contains(lowerCaseName)) {
      throw malformed(lowerCaseName, "The header " + lowerCaseName + " stands more than once.");
    }
    return Optional.ofNullable(values.get(lowerCaseName));
  }

  /** The value of a header that stands exactly once. */
  Optional<String> ifOnce(String lowerCaseName) {
    return repeated.contains(lowerCaseName)
        ? Optional.empty()
        : Optional.ofNullable(values.get(lowerCaseName));
  }

  static ProblemException malformed(String lowerCaseName, String detail) {
    return Problems.at(lowerCaseName + ":", "malformed", detail).refuse();
  }
}
