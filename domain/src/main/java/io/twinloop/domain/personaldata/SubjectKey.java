package io.twinloop.domain.personaldata;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key of one subject: seals values of that subject, and opens them.
 *
 * <p>AES-256-GCM (NIST SP 800-38D) with the subject as associated data. The nonce is synthetic, the
 * first 96 bits of an HMAC-SHA-256 of the value, in the manner of SIV (RFC 5297): the same value of
 * a subject has the same token, so that what compares values (an import that is repeated, a merge
 * patch) need not open them. Who sees two tokens of one person learns whether their values are the
 * same, and nothing else but about how long they are.
 */
public final class SubjectKey {

  /** Length of a key, in bytes. */
  public static final int BYTES = 32;

  /** The longest value, as text or JSON in bytes of UTF-8; twice the largest body a door takes. */
  public static final int LONGEST_VALUE = 4 * 1024 * 1024;

  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  /** With the byte that says what it is, nonce and tag. */
  static final int LONGEST_SEALED = 1 + LONGEST_VALUE + NONCE_BYTES + TAG_BITS / 8;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String subject;
  private final SecretKey encryption;
  private final SecretKey nonces;

  /**
   * @param key {@value #BYTES} random bytes
   */
  public SubjectKey(String subject, byte[] key) {
    if (key.length != BYTES) {
      throw new IllegalArgumentException(
          "A subject's key has %d bytes, not %d".formatted(BYTES, key.length));
    }
    this.subject = subject;
    SecretKey root = new SecretKeySpec(key, "HmacSHA256");
    this.encryption = new SecretKeySpec(hmac(root, ascii("twinloop seal")), "AES");
    this.nonces = new SecretKeySpec(hmac(root, ascii("twinloop nonce")), "HmacSHA256");
  }

  public String subject() {
    return subject;
  }

  /**
   * The value as a token; any value JSON has.
   *
   * @throws IllegalArgumentException when it is longer than {@value #LONGEST_VALUE} bytes, of which
   *     no token could be told from other text
   */
  public PersonalToken seal(JsonNode value) {
    // One byte says what follows: text as it is, or JSON.
    byte[] plain =
        value.isTextual()
            ? ('t' + value.textValue()).getBytes(StandardCharsets.UTF_8)
            : ('j' + value.toString()).getBytes(StandardCharsets.UTF_8);
    if (plain.length - 1 > LONGEST_VALUE) {
      throw new IllegalArgumentException(
          "A personal value of '%s' has %d bytes, expected %d at most"
              .formatted(subject, plain.length - 1, LONGEST_VALUE));
    }
    byte[] nonce = Arrays.copyOf(hmac(nonces, plain), NONCE_BYTES);
    try {
      byte[] ciphertext = cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(plain);
      byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + ciphertext.length);
      System.arraycopy(ciphertext, 0, sealed, NONCE_BYTES, ciphertext.length);
      return new PersonalToken(subject, sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java can't encrypt", e);
    }
  }

  /** The value of a token; empty when this key never sealed it. */
  public Optional<JsonNode> open(PersonalToken token) {
    byte[] sealed = token.sealed();
    if (!token.subject().equals(subject) || sealed.length <= NONCE_BYTES + TAG_BITS / 8) {
      return Optional.empty();
    }
    try {
      byte[] plain =
          cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(sealed, NONCE_BYTES))
              .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
      String value = new String(plain, 1, plain.length - 1, StandardCharsets.UTF_8);
      return Optional.of(plain[0] == 't' ? TextNode.valueOf(value) : JSON.readTree(value));
    } catch (AEADBadTagException notSealedWithThisKey) {
      return Optional.empty();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("What was sealed is no JSON", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java can't decrypt", e);
    }
  }

  private Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, encryption, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD((PersonalToken.MARK + subject).getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private static byte[] hmac(SecretKey key, byte[] message) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac.doFinal(message);
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("This Java can't compute an HMAC", e);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
