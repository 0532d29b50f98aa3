package io.twinloop.http.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An API key as its holder keeps it: {@code twl_<id>_<secret>}.
 *
 * <p>The secret is 256 random bits, which nobody guesses or looks up in a table: so its SHA-256 is
 * what is kept, at once and without salt. The slow hashes that passwords need would only slow every
 * request down.
 *
 * @param id by which the key is found and revoked; no secret
 */
record ApiKeyText(String id, String secret) {

  static final String PREFIX = "twl_";

  private static final int ID_BYTES = 8;
  private static final int SECRET_BYTES = 32;
  private static final Pattern SHAPE = Pattern.compile("twl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})");

  /** A new key, of an id that is given: a repeat of a request makes the same id, not the secret. */
  static ApiKeyText create(String id, SecureRandom random) {
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    return new ApiKeyText(id, Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
  }

  /** The id a command with this id makes: always the same. */
  static String idOf(String commandId) {
    return HexFormat.of().formatHex(sha256(commandId), 0, ID_BYTES);
  }

  static Optional<ApiKeyText> read(String text) {
    Matcher matcher = SHAPE.matcher(text);
    return matcher.matches()
        ? Optional.of(new ApiKeyText(matcher.group(1), matcher.group(2)))
        : Optional.empty();
  }

  /** The whole key, to be shown once. */
  String text() {
    return PREFIX + id + "_" + secret;
  }

  /** SHA-256 of the secret, hexadecimal. */
  String secretHash() {
    return HexFormat.of().formatHex(sha256(secret));
  }

  /** Without the secret: it may stand in a log. */
  @Override
  public String toString() {
    return PREFIX + id + "_***";
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }
}
