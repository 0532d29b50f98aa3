package io.twinloop.domain.audit;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** A SHA-256 that stands for an entry and all before it. */
public final class AuditHash {

  /** What stands before the first entry. */
  public static final AuditHash NONE = new AuditHash(new byte[32]);

  /** In bytes. */
  private static final int LENGTH = 32;

  private final byte[] bytes;

  private AuditHash(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * The hash with these bytes.
   *
   * @throws IllegalArgumentException when they are not 32
   */
  public static AuditHash of(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException("A SHA-256 has 32 bytes, not " + bytes.length);
    }
    return new AuditHash(bytes.clone());
  }

  /**
   * The hash of these sixty-four digits.
   *
   * @throws IllegalArgumentException when they are not
   */
  public static AuditHash of(String hex) {
    try {
      return of(HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'%s' is no hash, expected 64 hexadecimal digits".formatted(hex), e);
    }
  }

  static AuditHash sha256(byte[] text, int length) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(text, 0, length);
      return new AuditHash(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  /** A copy of its bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** Sixty-four digits. */
  public String hex() {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AuditHash hash && Arrays.equals(bytes, hash.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return hex();
  }
}
