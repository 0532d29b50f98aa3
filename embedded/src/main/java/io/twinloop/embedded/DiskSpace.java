package io.twinloop.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Refuses to start on a disk that is nearly full, before anything is half written. */
final class DiskSpace {
  private DiskSpace() {}

  /**
   * @param folder exists
   * @param bytes what must be free on its file system
   */
  static void require(Path folder, long bytes) throws IOException {
    long usable = Files.getFileStore(folder).getUsableSpace();
    if (usable < bytes) {
      throw new CannotStartException(
          "The disk of %s is full: %d MB are free and at least %d MB are needed; make room or choose another folder."
              .formatted(folder, usable >> 20, bytes >> 20));
    }
  }
}
