package io.twinloop.domain.process;

import io.twinloop.domain.process.CaseEvent.Phase;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The events of one case, packed into bytes for the read model.
 *
 * <p>A format byte, the distinct names, then per event in order of time: microseconds since the
 * event before, the places of activity and resource among the names (0: no resource), phase and
 * end, all as variable-length integers, and the key as eight bytes.
 */
public final class CaseChunk {

  private static final int FORMAT = 1;

  private CaseChunk() {}

  /** Packs the events of a case, which are in order of time. */
  public static byte[] pack(List<CaseEvent> events) {
    Map<String, Integer> names = new LinkedHashMap<>();
    for (CaseEvent event : events) {
      names.putIfAbsent(event.activity(), names.size() + 1);
      if (event.resource() != null) {
        names.putIfAbsent(event.resource(), names.size() + 1);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 + events.size() * 20);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(FORMAT);
      writeVariable(out, names.size());
      for (String name : names.keySet()) {
        out.writeUTF(name);
      }
      writeVariable(out, events.size());
      long before = events.isEmpty() ? 0 : toMicros(events.get(0).at());
      out.writeLong(before);
      for (CaseEvent event : events) {
        long micros = toMicros(event.at());
        writeVariable(out, micros - before);
        writeVariable(out, names.get(event.activity()));
        writeVariable(out, event.resource() == null ? 0 : names.get(event.resource()));
        writeVariable(out, PHASES.indexOf(event.phase()) * 2L + (event.end() ? 1 : 0));
        out.writeLong(event.key());
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
  public static List<CaseEvent> unpack(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int format = in.readByte();
      if (format != FORMAT) {
        throw new IllegalArgumentException(
            "case of format " + format + ", this release reads format " + FORMAT);
      }
      List<@Nullable String> names = new ArrayList<>();
      names.add(null);
      for (long left = readVariable(in); left > 0; left--) {
        names.add(in.readUTF());
      }
      int count = Math.toIntExact(readVariable(in));
      long micros = in.readLong();
      List<CaseEvent> events = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        micros += readVariable(in);
        String activity = names.get(Math.toIntExact(readVariable(in)));
        String resource = names.get(Math.toIntExact(readVariable(in)));
        int mark = Math.toIntExact(readVariable(in));
        Phase phase = PHASES.get(mark / 2);
        events.add(
            new CaseEvent(
                activity, fromMicros(micros), resource, phase, mark % 2 == 1, in.readLong()));
      }
      return events;
    } catch (IOException e) {
      throw new UncheckedIOException("a case ends in the middle", e);
    }
  }

  /** By the number they are packed as. */
  private static final List<Phase> PHASES = List.of(Phase.COMPLETE, Phase.START, Phase.OTHER);

  /** Microseconds since 1970 UTC. */
  static long toMicros(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1_000);
  }

  private static Instant fromMicros(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000);
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
