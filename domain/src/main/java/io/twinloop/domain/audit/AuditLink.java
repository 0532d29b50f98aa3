package io.twinloop.domain.audit;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Optional;

/**
 * An entry in its place in the chain.
 *
 * <p>Its hash is the SHA-256 of: the hash before it (32 bytes), a byte 1 for this form, the number
 * and the time in microseconds since 1970 (8 bytes each), the status (4 bytes), then kind, subject,
 * role, action, path, type, address, code and correlation id, each as its length in bytes (4 bytes,
 * -1 when absent) and its UTF-8. Numbers have their highest byte first.
 *
 * @param number from 1, without a gap
 * @param at when it was recorded, in whole microseconds; never before the one before
 */
public record AuditLink(long number, Instant at, AuditEntry entry, AuditHash hash) {

  private static final byte FORM = 1;

  /**
   * The end of a chain: of all of it, or of the part that was cut off.
   *
   * @param number of the last entry, 0 when there is none
   */
  public record Head(long number, Instant at, AuditHash hash) {
    /** Before the first entry. */
    public static final Head BEGINNING = new Head(0, Instant.EPOCH, AuditHash.NONE);
  }

  /** The entry, recorded now, behind the end of a chain. */
  public static AuditLink append(Head head, Instant now, AuditEntry entry) {
    Instant micros = now.truncatedTo(ChronoUnit.MICROS);
    Instant at = micros.isBefore(head.at()) ? head.at() : micros;
    long number = head.number() + 1;
    return new AuditLink(number, at, entry, hash(head.hash(), number, at, entry));
  }

  /** Whether its hash is that of what it says and of what stands before it. */
  public boolean followsFrom(AuditHash before) {
    return hash.equals(hash(before, number, at, entry));
  }

  /** The end of the chain, of which this is the last entry. */
  public Head asHead() {
    return new Head(number, at, hash);
  }

  private static AuditHash hash(AuditHash before, long number, Instant at, AuditEntry entry) {
    Canonical text = new Canonical();
    text.bytes(before.bytes());
    text.oneByte(FORM);
    text.eightBytes(number);
    text.eightBytes(Math.addExact(at.getEpochSecond() * 1_000_000, at.getNano() / 1_000));
    text.fourBytes(entry.status());
    text.text(entry.who().kind());
    text.text(entry.who().subject());
    text.text(entry.who().role());
    text.text(entry.action());
    text.text(entry.path());
    text.text(entry.type().wireName());
    text.text(entry.address());
    text.text(entry.code());
    text.text(entry.correlationId());
    return AuditHash.sha256(text.bytes, text.length);
  }

  /** Bytes one behind the other. */
  private static final class Canonical {
    private byte[] bytes = new byte[512];
    private int length;

    void bytes(byte[] more) {
      if (length + more.length > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more.length));
      }
      System.arraycopy(more, 0, bytes, length, more.length);
      length += more.length;
    }

    void oneByte(byte value) {
      bytes(new byte[] {value});
    }

    void fourBytes(int value) {
      bytes(
          new byte[] {
            (byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value
          });
    }

    void eightBytes(long value) {
      fourBytes((int) (value >>> 32));
      fourBytes((int) value);
    }

    void text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      fourBytes(utf8.length);
      bytes(utf8);
    }

    void text(Optional<String> text) {
      if (text.isPresent()) {
        text(text.get());
      } else {
        fourBytes(-1);
      }
    }
  }
}
