package io.twinloop.integrations.http;

import io.twinloop.domain.outbound.OutboundHttp.Request;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The header fields of a request, checked: none can end its line or change the request. */
final class OutgoingHeaders {

  private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}");
  private static final Pattern VALUE = Pattern.compile("[\\t -~\\x80-\\xFF]{0,8000}");

  /** What the connection itself needs, lower case. */
  private static final Set<String> OURS =
      Set.of(
          "host",
          "content-length",
          "transfer-encoding",
          "connection",
          "upgrade",
          "te",
          "trailer",
          "expect",
          "proxy-authorization");

  /** What stays with the host it was meant for, lower case. */
  private static final Set<String> CREDENTIALS =
      Set.of("authorization", "cookie", "idempotency-key", "x-api-key");

  private OutgoingHeaders() {}

  /** What is asked for can't be sent. */
  static final class Unsendable extends Exception {
    private static final long serialVersionUID = 1L;

    Unsendable(String message) {
      super(message);
    }
  }

  /**
   * The fields to send, names in lower case.
   *
   * @param sameHost whether this is the host the request was made for, not one it was sent on to
   */
  static Map<String, String> of(Request request, boolean sameHost) throws Unsendable {
    Map<String, String> headers = new LinkedHashMap<>();
    if (request.idempotencyKey() != null) {
      headers.put("idempotency-key", request.idempotencyKey());
    }
    headers.put("accept", "application/json, */*;q=0.8");
    request.headers().forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
    for (Map.Entry<String, String> header : headers.entrySet()) {
      if (OURS.contains(header.getKey()) || !NAME.matcher(header.getKey()).matches()) {
        throw new Unsendable("the header '" + header.getKey() + "' can't be set");
      }
      if (!VALUE.matcher(header.getValue()).matches()) {
        throw new Unsendable(
            "the value of the header '" + header.getKey() + "' holds a character it can't");
      }
    }
    if (!sameHost) {
      headers
          .keySet()
          .removeIf(name -> CREDENTIALS.contains(name) || request.credentials().contains(name));
    }
    return headers;
  }
}
