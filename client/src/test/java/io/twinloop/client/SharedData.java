package io.twinloop.client;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the data for tests that lies beside the repository; see the property twinloop.shared. */
final class SharedData {

  private SharedData() {}

  /** A folder of it, which may be missing. */
  static Path folder(String name) {
    String override = System.getProperty("twinloop.shared");
    if (override != null) {
      return Path.of(override, "data", name);
    }
    // From wherever the test runs up to the checkout and past it.
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path candidate = at.resolve("shared").resolve("data").resolve(name);
      if (Files.isDirectory(candidate)) {
        return candidate;
      }
    }
    return Path.of("..", "shared", "data", name);
  }
}
