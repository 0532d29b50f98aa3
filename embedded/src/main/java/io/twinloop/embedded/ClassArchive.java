package io.twinloop.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The classes a node has loaded, in a file that nodes started later map (class data sharing of the
 * JVM): most of a start is loading them. The first node that ends in order leaves it behind.
 */
final class ClassArchive {

  /** How a node ends that was asked to (SIGTERM). */
  private static final int ENDED_IN_ORDER = 143;

  private final Path file;
  private final Consumer<String> progress;
  private Optional<NodeChild> maker = Optional.empty();

  /**
   * @param file of this JVM and these classes alone; need not be there yet
   * @param progress is told what can't be kept
   */
  ClassArchive(Path file, Consumer<String> progress) {
    this.file = file;
    this.progress = progress;
  }

  /** The command with which a node starts that has the archive, or makes it. */
  synchronized List<String> with(List<String> command, NodeChild node) {
    List<String> words = new ArrayList<>(command);
    if (Files.exists(file)) {
      words.add(1, "-XX:SharedArchiveFile=" + file);
    } else if (maker.filter(other -> other != node && other.isAlive()).isEmpty()) {
      maker = Optional.of(node);
      words.add(1, "-XX:ArchiveClassesAtExit=" + made());
    }
    return words;
  }

  /** A node has ended: what it left is the archive, if it could finish it. */
  synchronized void keepOf(NodeChild node) {
    if (maker.filter(node::equals).isEmpty()) {
      return;
    }
    maker = Optional.empty();
    try {
      if (node.exitCode() == ENDED_IN_ORDER && Files.exists(made())) {
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
