package io.twinloop.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Reads newline-delimited JSON of any size, one line at a time.
 *
 * <p>At most one line and one chunk of the network are held. Lines end with LF or CR LF, the last
 * may end with the body; blank lines are skipped but counted. A line that is too long or no JSON
 * becomes a {@link Broken} line and reading goes on behind it.
 */
public final class Ndjson {

  private Ndjson() {}

  /** One line that isn't blank; lines are counted from 1. */
  public sealed interface Line {
    long number();
  }

  /** A line with its JSON value. */
  public record Value(long number, JsonNode json) implements Line {}

  /** A line that was read without a tree. */
  public record Ready<T>(long number, T value) implements Line {}

  /** Reads usual lines faster than a tree of them can be made. */
  @FunctionalInterface
  public interface Quick<T> {
    /** What the bytes say, or null to leave them to the tree. */
    @Nullable T read(byte[] utf8, int offset, int length);
  }

  /** A line that can't be read, with a code of {@link Problems} and a sentence. */
  public record Broken(long number, String code, String detail) implements Line {}

  /** The lines of a body; a line may have this many bytes without its end. */
  public static <M> Source<Line, M> lines(Source<ByteString, M> bytes, int maxLineBytes) {
    return lines(bytes, maxLineBytes, (utf8, offset, length) -> null);
  }

  /**
   * The lines of a body, those that {@code quick} can read as {@link Ready}; it is used by one
   * stream.
   */
  public static <M> Source<Line, M> lines(
      Source<ByteString, M> bytes, int maxLineBytes, Quick<?> quick) {
    return bytes.via(new Lines(maxLineBytes, quick));
  }

  private static final class Lines extends GraphStage<FlowShape<ByteString, Line>> {
    private final Inlet<ByteString> in = Inlet.create("Ndjson.in");
    private final Outlet<Line> out = Outlet.create("Ndjson.out");
    private final FlowShape<ByteString, Line> shape = FlowShape.of(in, out);
    private final int maxLineBytes;
    private final Quick<?> quick;

    Lines(int maxLineBytes, Quick<?> quick) {
      if (maxLineBytes < 1) {
        throw new IllegalArgumentException("Bad length of a line: " + maxLineBytes);
      }
      this.maxLineBytes = maxLineBytes;
      this.quick = quick;
    }

    @Override
    public FlowShape<ByteString, Line> shape() {
      return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes attributes) {
      return new Logic();
    }

    private final class Logic extends GraphStageLogic {
      private byte[] chunk = new byte[0];
      private int position;
      private byte[] begun = new byte[256];
      private int begunLength;
      private boolean overlong;
      private long number = 1;

      Logic() {
        super(shape);
        setHandlers(
            in,
            out,
            new AbstractInOutHandler() {
              @Override
              public void onPush() {
                chunk = grab(in).toArray();
                position = 0;
                advance();
              }

              @Override
              public void onPull() {
                advance();
              }

              @Override
              public void onUpstreamFinish() {
                // With lines of the last chunk still to emit, advance() finishes later.
                if (isAvailable(out)) {
                  advance();
                }
              }
            });
      }

      /** Emits the next line, or asks for more, or ends. */
      private void advance() {
        while (position < chunk.length) {
          int end = indexOfNewline();
          if (end < 0) {
            begin(chunk.length);
            position = chunk.length;
            break;
          }
          Line line = lineUpTo(end);
          position = end + 1;
          number++;
          if (line != null) {
            push(out, line);
            return;
          }
        }
        if (!isClosed(in)) {
          pull(in);
          return;
        }
        Line last = lineUpTo(position);
        if (last == null) {
          completeStage();
        } else {
          emit(out, last, this::completeStage);
        }
      }

      private int indexOfNewline() {
        for (int i = position; i < chunk.length; i++) {
          if (chunk[i] == '\n') {
            return i;
          }
        }
        return -1;
      }

      /** The line that ends here in the chunk, or null when it is blank. */
      private Line lineUpTo(int end) {
        if (begunLength == 0 && !overlong) {
          return line(chunk, position, end - position);
        }
        begin(end);
        Line line = overlong ? tooLong() : line(begun, 0, begunLength);
        begunLength = 0;
        overlong = false;
        return line;
      }

      /** Keeps the part of a line up to here, unless the line is too long to be kept. */
      private void begin(int end) {
        int length = end - position;
        // One byte more for the CR of a line end.
        if (overlong || begunLength + length > maxLineBytes + 1) {
          overlong = true;
          begunLength = 0;
          return;
        }
        if (begun.length < begunLength + length) {
          begun = Arrays.copyOf(begun, Math.max(begun.length * 2, begunLength + length));
        }
        System.arraycopy(chunk, position, begun, begunLength, length);
        begunLength += length;
      }

      private Line line(byte[] bytes, int offset, int length) {
        int size = length;
        if (size > 0 && bytes[offset + size - 1] == '\r') {
          size--;
        }
        if (size > maxLineBytes) {
          return tooLong();
        }
        if (isBlank(bytes, offset, size)) {
          return null;
        }
        Object ready = quick.read(bytes, offset, size);
        if (ready != null) {
          return new Ready<>(number, ready);
        }
        try {
          return new Value(number, Json.parse(bytes, offset, size));
        } catch (Json.FaultException e) {
          String where = e.fault().pointer().isEmpty() ? "" : " At " + e.fault().pointer() + ".";
          return new Broken(number, "malformed", e.fault().detail() + where);
        }
      }

      private Line tooLong() {
        return new Broken(
            number, "line-too-long", "The line is longer than " + maxLineBytes + " bytes.");
      }
    }

    private static boolean isBlank(byte[] bytes, int offset, int length) {
      for (int i = offset; i < offset + length; i++) {
        if (bytes[i] != ' ' && bytes[i] != '\t') {
          return false;
        }
      }
      return true;
    }
  }
}
