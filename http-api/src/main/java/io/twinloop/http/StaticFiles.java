package io.twinloop.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/** Files for browsers, from the class path and from memory. */
final class StaticFiles {

  static final ContentType HTML = ContentTypes.TEXT_HTML_UTF8;
  static final ContentType SCRIPT = ContentTypes.parse("application/javascript; charset=UTF-8");
  static final ContentType STYLE = ContentTypes.parse("text/css; charset=UTF-8");
  static final ContentType PNG = ContentTypes.parse("image/png");

  private StaticFiles() {}

  /** The bytes of a resource that has to be there. */
  static byte[] read(String path) {
    try (InputStream in = StaticFiles.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("There is no " + path + " on the class path");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The answer with a file.
   *
   * @param policy what its page may load, a content security policy
   */
  static HttpResponse answer(ContentType type, byte[] bytes, String policy) {
    return Answers.bytes(type, bytes)
        .addHeader(RawHeader.create("Content-Security-Policy", policy))
        .addHeader(RawHeader.create("X-Content-Type-Options", "nosniff"))
        .addHeader(RawHeader.create("Referrer-Policy", "no-referrer"))
        .addHeader(RawHeader.create("Cache-Control", "max-age=3600"));
  }
}
