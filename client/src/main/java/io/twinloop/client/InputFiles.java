package io.twinloop.client;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** Files as people name them. */
final class InputFiles {

  private static final int GZIP_MAGIC = 0x8b1f;

  private InputFiles() {}

  /** A file that is there. */
  static Path existing(String name) throws IOException {
    Path file = Path.of(name);
    if (!Files.isRegularFile(file)) {
      throw new IOException("There is no file '" + name + "'.");
    }
    return file;
  }

  /** Whether a file is compressed with gzip, by its first bytes. */
  static boolean isGzip(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] first = in.readNBytes(2);
      return first.length == 2 && ((first[0] & 0xff) | (first[1] & 0xff) << 8) == GZIP_MAGIC;
    }
  }

  /** The text of a file, UTF-8, unpacked where it is gzip. */
  static BufferedReader reader(Path file) throws IOException {
    try {
      InputStream in = new BufferedInputStream(Files.newInputStream(file));
      return new BufferedReader(
          new InputStreamReader(
              isGzip(file) ? new GZIPInputStream(in) : in, StandardCharsets.UTF_8));
    } catch (NoSuchFileException e) {
      throw new IOException("There is no file '" + file + "'.", e);
    }
  }
}
