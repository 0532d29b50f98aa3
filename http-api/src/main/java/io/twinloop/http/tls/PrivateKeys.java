package io.twinloop.http.tls;

import io.twinloop.domain.Secret;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.apache.pekko.pki.pem.DERPrivateKeyLoader;
import org.apache.pekko.pki.pem.PEMDecoder.DERData;
import org.apache.pekko.pki.pem.PEMLoadingException;

/** Private keys in PEM: PKCS#8 (RFC 5208), plain or encrypted, and PKCS#1 (RFC 8017) for RSA. */
final class PrivateKeys {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ((?:[A-Z]+ )*PRIVATE KEY)-----(.*?)-----END", Pattern.DOTALL);

  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

  private PrivateKeys() {}

  /**
   * The first key of a PEM text.
   *
   * @throws IllegalArgumentException with one sentence that repeats nothing of the key
   */
  static PrivateKey parse(String pem, Secret password, String setting, String file) {
    Matcher found = KEY.matcher(pem);
    if (!found.find()) {
      throw refused(setting, file, "in which there is no private key in PEM");
    }
    String label = found.group(1);
    if (found.group(2).contains("Proc-Type:") || label.equals("EC PRIVATE KEY")) {
      throw refused(
          setting, file, "a format no longer used: convert it with 'openssl pkcs8 -topk8'");
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(found.group(2));
      return switch (label) {
        case "PRIVATE KEY" -> plain(der);
        case "ENCRYPTED PRIVATE KEY" -> decrypted(der, password, setting, file);
        case "RSA PRIVATE KEY" -> DERPrivateKeyLoader.load(new DERData(label, der));
        default -> throw refused(setting, file, "a '" + label + "', which is not known here");
      };
    } catch (GeneralSecurityException | PEMLoadingException e) {
      throw refused(setting, file, "a damaged key, or one of a kind this Java does not know");
    }
  }

  private static PrivateKey plain(byte[] der) throws GeneralSecurityException {
    InvalidKeySpecException last = new InvalidKeySpecException("no algorithm fits");
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException e) {
        last = e;
      }
    }
    throw last;
  }

  private static PrivateKey decrypted(byte[] der, Secret password, String setting, String file)
      throws GeneralSecurityException {
    if (password.isEmpty()) {
      throw refused(setting, file, "an encrypted key: set " + setting + ".key-password");
    }
    EncryptedPrivateKeyInfo encrypted;
    try {
      encrypted = new EncryptedPrivateKeyInfo(der);
    } catch (IOException e) {
      throw new InvalidKeySpecException(e);
    }
    // For PBES2 the name of the scheme with its cipher is that of the parameters.
    String scheme =
        encrypted.getAlgName().equals("PBES2") || encrypted.getAlgName().startsWith("1.2.")
            ? encrypted.getAlgParameters().toString()
            : encrypted.getAlgName();
    PBEKeySpec spec = new PBEKeySpec(password.reveal().toCharArray());
    Cipher cipher = Cipher.getInstance(scheme);
    Key key = SecretKeyFactory.getInstance(scheme).generateSecret(spec);
    spec.clearPassword();
    cipher.init(Cipher.DECRYPT_MODE, key, encrypted.getAlgParameters());
    try {
      return plain(encrypted.getKeySpec(cipher).getEncoded());
    } catch (InvalidKeySpecException e) {
      throw refused(setting, file, "which " + setting + ".key-password does not open");
    }
  }

  private static IllegalArgumentException refused(String setting, String file, String why) {
    return new IllegalArgumentException("%s.key names '%s', %s.".formatted(setting, file, why));
  }
}
