package io.twinloop.domain.kpi;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The samples of one KPI in one hour, packed into bytes for the read model.
 *
 * <p>A format byte, the distinct sources, then per sample in order of time: microseconds since the
 * sample before and the source's place as variable-length integers, the value as eight bytes, and
 * the confidence where it is not 1.
 */
public final class SampleChunk {

  private static final int FORMAT = 1;
  private static final long MICROS_PER_HOUR = 3_600_000_000L;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private SampleChunk() {}

  /** Hours since 1970 UTC of the chunk a sample belongs to. */
  public static long hourOf(Sample sample) {
    return Math.floorDiv(SampleBatch.toMicros(sample.timestamp()), MICROS_PER_HOUR);
  }

  /**
   * The samples of both, in order of time; of two with the same timestamp and source the one in
   * {@code first} stays.
   */
  public static List<Sample> merge(List<Sample> first, List<Sample> second) {
    List<Sample> merged = new ArrayList<>(first);
    merged.addAll(second);
    merged.sort(Sample.IN_TIME); // stable: the first stays before its repetition
    List<Sample> distinct = new ArrayList<>(merged.size());
    for (Sample sample : merged) {
      if (distinct.isEmpty() || !distinct.get(distinct.size() - 1).isSameAs(sample)) {
        distinct.add(sample);
      }
    }
    return distinct;
  }

  /** Packs samples of one hour, which are in order of time. */
  public static byte[] pack(List<Sample> samples) {
    Writer out = new Writer(32 + samples.size() * 16);
    List<String> sources = sourcesOf(samples);
    long base = samples.isEmpty() ? 0 : hourOf(samples.get(0)) * MICROS_PER_HOUR;
    out.head(sources, samples.size(), base);
    out.samples(samples, sources, base);
    return out.bytes();
  }

  /**
   * The chunk with more samples of its hour: what {@link #pack} makes of all of them, merged.
   * Samples later than all in the chunk, as nearly all are, cost nothing for those before.
   *
   * @param chunk packed; null where there is none yet
   * @param more in any order
   */
  public static byte[] add(byte @Nullable [] chunk, List<Sample> more) {
    if (chunk == null) {
      return pack(merge(more, List.of()));
    }
    Reader in = new Reader(chunk);
    List<String> sources = in.sources();
    int count = in.count();
    long base = in.base();
    int body = in.at;
    long last = in.skip(count, base);
    if (!isAfter(last, more) || !sources.containsAll(sourcesOf(more))) {
      return pack(merge(unpack(chunk), more));
    }
    Writer out = new Writer(chunk.length + 16 + more.size() * 16);
    out.head(sources, count + more.size(), base);
    out.copy(chunk, body);
    out.samples(more, sources, last);
    return out.bytes();
  }

  /** Whether the samples are in order of time, each once, and all later than an instant. */
  private static boolean isAfter(long micros, List<Sample> samples) {
    long before = micros;
    for (Sample sample : samples) {
      long at = SampleBatch.toMicros(sample.timestamp());
      if (at <= before) {
        return false;
      }
      before = at;
    }
    return true;
  }

  /** How many samples a chunk holds. */
  public static long count(byte[] chunk) {
    Reader in = new Reader(chunk);
    in.sources();
    return in.count();
  }

  /**
   * Unpacks what {@link #pack} wrote.
   *
   * @throws IllegalArgumentException when the bytes are of another format, or end in the middle
   */
  public static List<Sample> unpack(byte[] chunk) {
    Reader in = new Reader(chunk);
    try {
      List<String> sources = in.sources();
      int count = in.count();
      long micros = in.base();
      List<Sample> samples = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        micros += in.variable();
        int mark = Math.toIntExact(in.variable());
        double value = in.number();
        double confidence = mark % 2 == 0 ? 1.0 : in.number();
        samples.add(
            new Sample(SampleBatch.fromMicros(micros), value, sources.get(mark / 2), confidence));
      }
      return samples;
    } catch (IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("a chunk ends in the middle", e);
    }
  }

  /**
   * The samples of an hour that was packed in pieces, in order of time; of two with the same
   * timestamp and source the one in the earlier piece stays.
   *
   * @param pieces in the order they were written
   * @throws IllegalArgumentException as {@link #unpack(byte[])}
   */
  public static List<Sample> unpackAll(byte[][] pieces) {
    if (pieces.length == 1) {
      return unpack(pieces[0]);
    }
    List<Sample> samples = new ArrayList<>();
    for (byte[] piece : pieces) {
      samples.addAll(unpack(piece));
    }
    return merge(samples, List.of());
  }

  private static List<String> sourcesOf(List<Sample> samples) {
    List<String> sources = new ArrayList<>(1);
    for (Sample sample : samples) {
      if (!sources.contains(sample.source())) {
        sources.add(sample.source());
      }
    }
    return sources;
  }

  /** Bytes that grow; numbers have their most significant byte first. */
  private static final class Writer {
    private static final int LONGEST_SAMPLE = 10 + 5 + 8 + 8;

    private ByteBuffer out;

    Writer(int capacity) {
      out = ByteBuffer.allocate(capacity);
    }

    void head(List<String> sources, int count, long base) {
      out.put((byte) FORMAT);
      variable(sources.size());
      for (String source : sources) {
        byte[] text = utf(source);
        room(text.length + LONGEST_SAMPLE);
        out.put(text);
      }
      variable(count);
      out.putLong(base);
    }

    void samples(List<Sample> samples, List<String> sources, long after) {
      long before = after;
      for (Sample sample : samples) {
        room(LONGEST_SAMPLE);
        long micros = SampleBatch.toMicros(sample.timestamp());
        boolean sure = sample.confidence() == 1.0;
        variable(micros - before);
        variable(sources.indexOf(sample.source()) * 2L + (sure ? 0 : 1));
        out.putDouble(sample.value());
        if (!sure) {
          out.putDouble(sample.confidence());
        }
        before = micros;
      }
    }

    void copy(byte[] bytes, int from) {
      room(bytes.length - from);
      out.put(bytes, from, bytes.length - from);
    }

    byte[] bytes() {
      return Arrays.copyOf(out.array(), out.position());
    }

    private void variable(long value) {
      long rest = value;
      while (rest >= 0x80) {
        out.put((byte) ((rest & 0x7f) | 0x80));
        rest >>>= 7;
      }
      out.put((byte) rest);
    }

    private void room(int wanted) {
      if (out.remaining() < wanted) {
        int capacity = Math.max(out.capacity() * 2, out.position() + wanted);
        ByteBuffer larger = ByteBuffer.allocate(capacity);
        larger.put(out.flip());
        out = larger;
      }
    }

    /** Length and text, as {@link DataOutputStream#writeUTF} has it. */
    private static byte[] utf(String text) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (DataOutputStream data = new DataOutputStream(bytes)) {
        data.writeUTF(text);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return bytes.toByteArray();
    }
  }

  /** Reads a chunk from its begin to its end. */
  private static final class Reader {
    private final byte[] bytes;
    private int at;

    Reader(byte[] bytes) {
      this.bytes = bytes;
    }

    List<String> sources() {
      int format = bytes[at++];
      if (format != FORMAT) {
        throw new IllegalArgumentException(
            "chunk of format " + format + ", this release reads format " + FORMAT);
      }
      List<String> sources = new ArrayList<>();
      for (long left = variable(); left > 0; left--) {
        sources.add(utf());
      }
      return sources;
    }

    int count() {
      return Math.toIntExact(variable());
    }

    long base() {
      return eightBytes();
    }

    double number() {
      return Double.longBitsToDouble(eightBytes());
    }

    /** Passes samples; answers the time of the last in microseconds. */
    long skip(int count, long base) {
      long micros = base;
      for (int i = 0; i < count; i++) {
        micros += variable();
        boolean sure = variable() % 2 == 0;
        at += sure ? Double.BYTES : 2 * Double.BYTES;
      }
      return micros;
    }

    long variable() {
      long value = 0;
      for (int shift = 0; ; shift += 7) {
        int next = bytes[at++];
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
    }

    private long eightBytes() {
      long value = (long) LONGS.get(bytes, at);
      at += 8;
      return value;
    }

    private String utf() {
      int length = ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
      try (DataInputStream in =
          new DataInputStream(new ByteArrayInputStream(bytes, at, 2 + length))) {
        at += 2 + length;
        return in.readUTF();
      } catch (IOException e) {
        throw new UncheckedIOException("a chunk ends in the middle", e);
      }
    }
  }
}
