package io.twinloop.http;

import org.apache.pekko.event.LoggingAdapter;
import org.apache.pekko.http.ParsingErrorHandler;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.scaladsl.model.ErrorInfo;
import org.apache.pekko.http.scaladsl.model.StatusCode;
import org.apache.pekko.http.scaladsl.settings.ServerSettings;

/**
 * Answers what isn't even an HTTP request, so that it never reaches the {@link Router}: with a
 * problem and new ids, as everywhere.
 *
 * <p>Pekko HTTP finds it by name and takes the instance from the field {@code MODULE$}, as if it
 * were a Scala object.
 */
public final class BrokenRequests extends ParsingErrorHandler {

  public static final BrokenRequests MODULE$ = new BrokenRequests();

  private BrokenRequests() {}

  @Override
  public HttpResponse handle(
      StatusCode status, ErrorInfo info, LoggingAdapter log, ServerSettings settings) {
    log.debug("Refused a broken request: {}", info.formatPretty());
    Caller caller = Callers.nobody();
    return Answers.refused(
            codeFor(status.intValue()), "Not a request this server takes: " + info.summary())
        .addHeader(RawHeader.create("X-Correlation-Id", caller.correlationId()))
        .addHeader(RawHeader.create("traceparent", caller.traceparent().orElseThrow()));
  }

  // An unknown method or protocol version arrives as 501 or 505; bad input is the caller's, so 400.
  private static String codeFor(int status) {
    return switch (status) {
      case 413 -> "body-too-large";
      case 414 -> "uri-too-long";
      case 431 -> "headers-too-large";
      default -> "malformed";
    };
  }
}
