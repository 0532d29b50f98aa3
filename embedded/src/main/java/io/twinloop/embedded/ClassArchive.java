package io.twinloop.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The classes a node has loaded, in a file that nodes started later map (class data sharing of the
 * JVM): most of a start is loading them. The first node that ends in order leaves it behind.
 */
public final class ClassArchive {

  /** How a node ends that was asked to (SIGTERM). */
  private static final int ENDED_IN_ORDER = 143;

  private final Path file;
  private final Consumer<String> progress;
  private Optional<Object> maker = Optional.empty();

  /**
   * @param file of this JVM and these classes alone; need not be there yet
   * @param progress is told what can't be kept
   */
  public ClassArchive(Path file, Consumer<String> progress) {
    this.file = file;
    this.progress = progress;
  }

  /** The options with which a node starts that has the archive, or makes it if no other does. */
  public synchronized List<String> optionsOf(Object node) {
    if (Files.exists(file)) {
      return List.of("-XX:SharedArchiveFile=" + file);
    }
    if (maker.isPresent()) {
      return List.of();
    }
    maker = Optional.of(node);
    return List.of("-XX:ArchiveClassesAtExit=" + made());
  }

  /** Whether there is none yet, and this node is to leave it behind. */
  public synchronized boolean isMadeBy(Object node) {
    return maker.filter(node::equals).isPresent();
  }

  /** A node has ended: what it left is the archive, if it could finish it. */
  public synchronized void keepOf(Object node, int exitCode) {
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
      progress.accept("could not keep %s: %s.".formatted(file, Sentences.reason(e)));
    }
  }

  /** Of this process alone: others may run on the same classes. */
  private Path made() {
    return file.resolveSibling(file.getFileName() + "." + ProcessHandle.current().pid());
  }
}
