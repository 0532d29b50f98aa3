package io.twinloop.multijvm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * The classes a node has loaded, in a file that nodes started later map (class data sharing of the
 * JVM): most of a start is loading them. The first node that ends in order leaves it behind.
 */
final class ClassArchive {

  /** How a node ends that was asked to (SIGTERM). */
  private static final int ENDED_IN_ORDER = 143;

  private final Path file;
  private Optional<NodeProcess> maker = Optional.empty();

  /**
   * @param file of this JVM and these classes alone; need not be there yet
   */
  ClassArchive(Path file) {
    this.file = file;
  }

  /**
   * The options with which a node starts that has the archive, or makes it if no other does.
   *
   * @param mayMake false for one whose slow start and end others would wait for
   */
  synchronized List<String> optionsOf(NodeProcess node, boolean mayMake) {
    if (Files.exists(file)) {
      return List.of("-XX:SharedArchiveFile=" + file);
    }
    if (maker.isPresent() || !mayMake) {
      return List.of();
    }
    maker = Optional.of(node);
    return List.of("-XX:ArchiveClassesAtExit=" + made());
  }

  /** Whether there is none yet, and this node is to leave it behind. */
  synchronized boolean isMadeBy(NodeProcess node) {
    return maker.filter(node::equals).isPresent();
  }

  /** A node has ended: what it left is the archive, if it could finish it. */
  synchronized void keepOf(NodeProcess node, int exitCode) {
    if (!isMadeBy(node)) {
      return;
    }
    maker = Optional.empty();
    try {
      if (exitCode == ENDED_IN_ORDER && Files.exists(made())) {
        Files.move(made(), file, StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.deleteIfExists(made());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of this process alone: others may run on the same classes. */
  private Path made() {
    return file.resolveSibling(file.getFileName() + "." + ProcessHandle.current().pid());
  }
}
