package io.twinloop.http.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLContext;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/** Certificates made for a test, and the files they stand in. */
final class TestCertificates {

  private final Path folder;

  TestCertificates(Path folder) {
    this.folder = folder;
  }

  static HeldCertificate ca(String name) {
    return new HeldCertificate.Builder().commonName(name).certificateAuthority(0).build();
  }

  static HeldCertificate.Builder of(String name, HeldCertificate ca) {
    return new HeldCertificate.Builder()
        .commonName(name)
        .addSubjectAlternativeName("127.0.0.1")
        .addSubjectAlternativeName("localhost")
        .signedBy(ca);
  }

  Path file(String name, String content) {
    try {
      return Files.writeString(folder.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path certificate(String name, HeldCertificate... chain) {
    StringBuilder pem = new StringBuilder();
    for (HeldCertificate one : chain) {
      pem.append(one.certificatePem());
    }
    return file(name, pem.toString());
  }

  Path key(String name, HeldCertificate of) {
    return file(name, of.privateKeyPkcs8Pem());
  }

  /** What a client that trusts these CAs, and shows these certificates, speaks TLS with. */
  static SSLContext client(HeldCertificate trusted, HeldCertificate... own) {
    HandshakeCertificates.Builder sides =
        new HandshakeCertificates.Builder().addTrustedCertificate(trusted.certificate());
    List.of(own).forEach(certificate -> sides.heldCertificate(certificate));
    return sides.build().sslContext();
  }
}
