package io.twinloop.domain.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Reads UTF-8, and takes bytes that are none for Windows-1252: what spreadsheets write that don't
 * say their encoding is one of the two.
 */
final class TolerantReader extends Reader {

  private static final Charset FALLBACK = Charset.forName("windows-1252");

  private final InputStream in;
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private final ByteBuffer bytes = ByteBuffer.allocate(8 * 1024).flip();
  private final CharBuffer chars = CharBuffer.allocate(16 * 1024).flip();
  private boolean ended;

  TolerantReader(InputStream in) {
    this.in = in;
  }

  @Override
  public int read(char[] target, int offset, int length) throws IOException {
    while (!chars.hasRemaining()) {
      if (ended && !bytes.hasRemaining()) {
        return -1;
      }
      fill();
      chars.clear();
      decode();
      chars.flip();
    }
    int read = Math.min(length, chars.remaining());
    chars.get(target, offset, read);
    return read;
  }

  private void fill() throws IOException {
    bytes.compact();
    int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
    if (read < 0) {
      ended = true;
    } else {
      bytes.position(bytes.position() + read);
    }
    bytes.flip();
  }

  /**
   * Makes characters of the bytes there are, but for the beginning of one that is not all there.
   */
  private void decode() {
    CoderResult result = utf8.decode(bytes, chars, ended);
    while (result.isError()) {
      byte[] foreign = new byte[result.length()];
      bytes.get(foreign);
      chars.put(new String(foreign, FALLBACK));
      utf8.reset();
      result = utf8.decode(bytes, chars, ended);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
