package io.twinloop.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * A text handed to the caller to be brought back unchanged: base64url of a checksum and the text.
 *
 * <p>The checksum catches cut and mistyped tokens. It is no signature: what comes back is validated
 * like any input.
 */
final class OpaqueToken {

  private static final int CHECKSUM = Integer.BYTES;

  private OpaqueToken() {}

  static String encode(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer token = ByteBuffer.allocate(CHECKSUM + utf8.length);
    token.putInt(checksum(utf8)).put(utf8);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token.array());
  }

  /** The text, or empty when the token wasn't made here. */
  static Optional<String> decode(String token) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException notBase64) {
      return Optional.empty();
    }
    if (bytes.length < CHECKSUM) {
      return Optional.empty();
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    int checksum = buffer.getInt();
    byte[] utf8 = new byte[buffer.remaining()];
    buffer.get(utf8);
    return checksum == checksum(utf8)
        ? Optional.of(new String(utf8, StandardCharsets.UTF_8))
        : Optional.empty();
  }

  private static int checksum(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
