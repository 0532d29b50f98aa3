package io.twinloop.domain.personaldata;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key of a site, kept outside of the database: it wraps the keys of subjects, AES-256-GCM with
 * a random nonce and the subject as associated data.
 */
public final class MasterKey {

  /** Length of a nonce to wrap with, in bytes. */
  public static final int NONCE_BYTES = 12;

  private static final int BYTES = 32;
  private static final int TAG_BITS = 128;

  private final SecretKey key;
  private final String id;

  private MasterKey(byte[] key) {
    this.key = new SecretKeySpec(key, "AES");
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      byte[] digest = mac.doFinal("twinloop master key id".getBytes(StandardCharsets.US_ASCII));
      this.id = HexFormat.of().formatHex(digest, 0, 8);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java can't compute an HMAC", e);
    }
  }

  /**
   * Reads a key.
   *
   * @param base64 of {@value #BYTES} random bytes; space around it does not matter
   * @throws IllegalArgumentException when it is none; the sentence does not repeat it
   */
  public static MasterKey of(String base64) {
    byte[] key;
    try {
      key = Base64.getDecoder().decode(base64.strip());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("it is no base64");
    }
    if (key.length != BYTES) {
      throw new IllegalArgumentException(
          "it has %d bytes, expected %d".formatted(key.length, BYTES));
    }
    return new MasterKey(key);
  }

  /** Tells keys apart without telling anything of them; 16 hexadecimal digits. */
  public String id() {
    return id;
  }

  /**
   * A subject's key, wrapped.
   *
   * @param nonce {@value #NONCE_BYTES} random bytes, never used before
   */
  public byte[] wrap(String subject, byte[] subjectKey, byte[] nonce) {
    try {
      byte[] ciphertext = cipher(Cipher.ENCRYPT_MODE, subject, nonce).doFinal(subjectKey);
      byte[] wrapped = Arrays.copyOf(nonce, NONCE_BYTES + ciphertext.length);
      System.arraycopy(ciphertext, 0, wrapped, NONCE_BYTES, ciphertext.length);
      return wrapped;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java can't wrap a key", e);
    }
  }

  /**
   * The key that was wrapped.
   *
   * @throws IllegalArgumentException when it was not wrapped with this key for this subject
   */
  public byte[] unwrap(String subject, byte[] wrapped) {
    if (wrapped.length <= NONCE_BYTES) {
      throw new IllegalArgumentException("The key of '" + subject + "' is cut off");
    }
    try {
      return cipher(Cipher.DECRYPT_MODE, subject, Arrays.copyOf(wrapped, NONCE_BYTES))
          .doFinal(wrapped, NONCE_BYTES, wrapped.length - NONCE_BYTES);
    } catch (AEADBadTagException e) {
      throw new IllegalArgumentException(
          "The key of '" + subject + "' was wrapped by another master key than " + id, e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java can't unwrap a key", e);
    }
  }

  private Cipher cipher(int mode, String subject, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(("twinloop subject key " + subject).getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "master key " + id;
  }
}
