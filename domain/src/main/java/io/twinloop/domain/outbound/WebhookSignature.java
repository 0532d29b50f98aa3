package io.twinloop.domain.outbound;

import io.twinloop.domain.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The header by which the receiver of a webhook knows who sent it and when: {@code
 * t=<seconds>,v1=<signature>}, the signature being the HMAC-SHA256 (RFC 2104) of {@code
 * <seconds>.<body>} in hexadecimal. With two secrets there are two signatures, so that a receiver
 * may go over from the one to the other at any time; it takes what any of them proves. The time is
 * signed, so that a receiver can refuse what is old.
 */
public final class WebhookSignature {

  /** The name of the header. */
  public static final String HEADER = "Twinloop-Signature";

  private static final String ALGORITHM = "HmacSHA256";

  private WebhookSignature() {}

  /**
   * The value of the header for a body, signed with each of the secrets, of which one is needed.
   */
  public static String of(String body, Instant at, List<Secret> secrets) {
    if (secrets.isEmpty()) {
      throw new IllegalArgumentException("A webhook is signed with a secret, but there is none.");
    }
    long seconds = at.getEpochSecond();
    StringBuilder header = new StringBuilder("t=").append(seconds);
    for (Secret secret : secrets) {
      header.append(",v1=").append(hmac(seconds + "." + body, secret));
    }
    return header.toString();
  }

  private static String hmac(String text, Secret secret) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret.reveal().getBytes(StandardCharsets.UTF_8), ALGORITHM));
      return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Every Java has " + ALGORITHM, e);
    }
  }
}
