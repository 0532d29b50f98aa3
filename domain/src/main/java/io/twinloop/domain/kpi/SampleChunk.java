package io.twinloop.domain.kpi;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

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
    List<String> sources = samples.stream().map(Sample::source).distinct().toList();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(16 + samples.size() * 14);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(FORMAT);
      writeVariable(out, sources.size());
      for (String source : sources) {
        out.writeUTF(source);
      }
      writeVariable(out, samples.size());
      long before = samples.isEmpty() ? 0 : hourOf(samples.get(0)) * MICROS_PER_HOUR;
      out.writeLong(before);
      for (Sample sample : samples) {
        long micros = SampleBatch.toMicros(sample.timestamp());
        boolean sure = sample.confidence() == 1.0;
        writeVariable(out, micros - before);
        writeVariable(out, sources.indexOf(sample.source()) * 2L + (sure ? 0 : 1));
        out.writeDouble(sample.value());
        if (!sure) {
          out.writeDouble(sample.confidence());
        }
        before = micros;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Unpacks what {@link #pack} wrote.
   *
   * @throws IllegalArgumentException when the bytes are of another format
   */
  public static List<Sample> unpack(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int format = in.readByte();
      if (format != FORMAT) {
        throw new IllegalArgumentException(
            "chunk of format " + format + ", this release reads format " + FORMAT);
      }
      List<String> sources = new ArrayList<>();
      for (long left = readVariable(in); left > 0; left--) {
        sources.add(in.readUTF());
      }
      int count = Math.toIntExact(readVariable(in));
      long micros = in.readLong();
      List<Sample> samples = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        micros += readVariable(in);
        int mark = Math.toIntExact(readVariable(in));
        double value = in.readDouble();
        double confidence = mark % 2 == 0 ? 1.0 : in.readDouble();
        samples.add(
            new Sample(SampleBatch.fromMicros(micros), value, sources.get(mark / 2), confidence));
      }
      return samples;
    } catch (IOException e) {
      throw new UncheckedIOException("a chunk ends in the middle", e);
    }
  }

  private static void writeVariable(DataOutputStream out, long value) throws IOException {
    long rest = value;
    while (rest >= 0x80) {
      out.writeByte((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    out.writeByte((int) rest);
  }

  private static long readVariable(DataInputStream in) throws IOException {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      int next = in.readUnsignedByte();
      value |= (long) (next & 0x7f) << shift;
      if (next < 0x80) {
        return value;
      }
    }
  }
}
