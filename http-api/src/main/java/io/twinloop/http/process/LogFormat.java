package io.twinloop.http.process;

import io.twinloop.domain.process.CsvColumns;
import io.twinloop.domain.process.CsvLogReader;
import io.twinloop.domain.process.LogReader;
import io.twinloop.domain.process.XesReader;
import io.twinloop.http.Call;
import io.twinloop.http.Inputs;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.pekko.http.javadsl.model.HttpCharset;
import org.jspecify.annotations.Nullable;

/**
 * How a log is written: XES or CSV by its content type or, where that says neither, by its first
 * character. A file that is gzip is unpacked, whatever the request says of it, as far as {@code
 * twinloop.http.gzip-ratio} allows.
 *
 * @param xes by the content type; absent where it says neither
 * @param charset by the content type; absent where it says none
 * @param gzipRatio how far a gzip file may grow
 */
record LogFormat(
    @Nullable Boolean xes, @Nullable Charset charset, CsvColumns columns, long gzipRatio) {

  private static final long ALLOWANCE = 1024 * 1024;

  /** The format of a request's body. */
  static LogFormat of(Call call) {
    call.requireContentType(
        "application/xml",
        "text/xml",
        "text/csv",
        "text/plain",
        "application/gzip",
        "application/x-gzip");
    String type = call.contentType().orElse("");
    return new LogFormat(
        type.endsWith("/xml") ? Boolean.TRUE : type.equals("text/csv") ? Boolean.FALSE : null,
        charset(call).orElse(null),
        new CsvColumns(
            call.query("case").orElse(null),
            call.query("activity").orElse(null),
            call.query("timestamp").orElse(null),
            call.query("resource").orElse(null)),
        call.gzipRatio());
  }

  private static Optional<Charset> charset(Call call) {
    Optional<HttpCharset> named = call.request().entity().getContentType().getCharsetOption();
    try {
      return named.map(HttpCharset::nioCharset);
    } catch (IllegalArgumentException e) {
      throw Problems.at(
              "content-type:",
              "unsupported-media-type",
              "No encoding " + Inputs.quoted(named.get().value()) + " is known here.")
          .refuse();
    }
  }

  /** A reader of a log written like this. */
  LogReader open(InputStream body) throws IOException {
    BufferedInputStream bytes = new BufferedInputStream(body);
    int[] start = peek(bytes);
    if (start[0] == 0x1F && start[1] == 0x8B) {
      bytes = new BufferedInputStream(unpacked(bytes));
      start = peek(bytes);
    }
    boolean isXes = xes == null ? looksLikeXml(start) : xes;
    return isXes ? new XesReader(bytes) : new CsvLogReader(bytes, charset, columns);
  }

  private static int[] peek(BufferedInputStream bytes) throws IOException {
    bytes.mark(4);
    int[] start = {bytes.read(), bytes.read(), bytes.read(), bytes.read()};
    bytes.reset();
    return start;
  }

  /** Also behind a byte order mark. */
  private static boolean looksLikeXml(int[] start) {
    return start[0] == '<' || (start[0] == 0xEF && start[3] == '<');
  }

  private InputStream unpacked(InputStream packed) throws IOException {
    Counted in = new Counted(packed);
    try {
      return new Limited(new GZIPInputStream(in, 64 * 1024), in);
    } catch (ZipException e) {
      throw broken(e);
    }
  }

  private static IOException broken(ZipException e) {
    return new IOException("It isn't gzip: " + e.getMessage(), e);
  }

  /** Bytes that are counted. */
  private static final class Counted extends FilterInputStream {
    private long count;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      count += read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = super.read(bytes, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }

  /** Unpacked bytes, of which there may be so many for each packed one. */
  private final class Limited extends FilterInputStream {
    private final Counted packed;
    private long count;

    Limited(InputStream in, Counted packed) {
      super(in);
      this.packed = packed;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = super.read(bytes, offset, length);
      count += Math.max(0, read);
      if (count > ALLOWANCE + gzipRatio * packed.count) {
        ProblemException tooLarge =
            Problems.of(
                    "body-too-large", "The gzip file grows more than %d-fold.".formatted(gzipRatio))
                .refuse();
        throw new IOException(tooLarge.getMessage(), tooLarge);
      }
      return read;
    }
  }
}
