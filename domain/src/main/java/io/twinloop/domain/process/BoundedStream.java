package io.twinloop.domain.process;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Bytes of which only so many may be read for one thing: no element, no row fills the memory. */
final class BoundedStream extends FilterInputStream {

  static final int MOST_BYTES = 1024 * 1024;

  /** One thing is longer than it may be. */
  static final class TooLongException extends IOException {
    private static final long serialVersionUID = 1L;

    TooLongException() {
      super("longer than " + MOST_BYTES + " bytes");
    }
  }

  private long left = MOST_BYTES;

  BoundedStream(InputStream in) {
    super(in);
  }

  /** The next thing begins. */
  void begin() {
    left = MOST_BYTES;
  }

  @Override
  public int read() throws IOException {
    int read = super.read();
    count(read < 0 ? 0 : 1);
    return read;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int read = super.read(bytes, offset, length);
    count(Math.max(0, read));
    return read;
  }

  private void count(int bytes) throws IOException {
    left -= bytes;
    if (left < 0) {
      throw new TooLongException();
    }
  }
}
