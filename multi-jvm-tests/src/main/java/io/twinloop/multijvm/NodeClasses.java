package io.twinloop.multijvm;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * The class path of the nodes, and an archive of what they load from it: its making costs one node
 * some seconds at its end, and saves half of every later start.
 *
 * <p>The JVM archives only classes of jars. So there is an archive after {@code mvn package}, not
 * while modules are folders with classes.
 */
final class NodeClasses {

  private static final List<String> JARS = new ArrayList<>();
  private static final List<String> FOLDERS = new ArrayList<>();
  private static final Optional<ClassArchive> ARCHIVE;

  static {
    for (String entry : JvmProcess.ownClassPath().split(File.pathSeparator, -1)) {
      (entry.endsWith(".jar") ? JARS : FOLDERS).add(entry);
    }
    ARCHIVE =
        JARS.stream()
                .anyMatch(jar -> Path.of(jar).getFileName().toString().startsWith("cluster-config"))
            ? Optional.of(new ClassArchive(file()))
            : Optional.empty();
  }

  private NodeClasses() {}

  /** Where what every node loads comes from; classes that only tests have are behind it. */
  static String path() {
    List<String> all = new ArrayList<>(JARS);
    all.addAll(FOLDERS);
    return String.join(File.pathSeparator, all);
  }

  /** The same without folders, as the JVM wants it while it makes the archive. */
  static String pathOfJars() {
    return String.join(File.pathSeparator, JARS);
  }

  static Optional<ClassArchive> archive() {
    return ARCHIVE;
  }

  /** In the build's folder, by a name that another build or JVM doesn't have. */
  private static Path file() {
    CRC32 made = new CRC32();
    made.update(Runtime.version().toString().getBytes(StandardCharsets.UTF_8));
    try {
      for (String jar : JARS) {
        String stamp = jar + Files.size(Path.of(jar)) + Files.getLastModifiedTime(Path.of(jar));
        made.update(stamp.getBytes(StandardCharsets.UTF_8));
      }
      Path file = target().resolve("classes-%08x.jsa".formatted(made.getValue()));
      deleteFormerBeside(file);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path target() {
    try {
      Path folder =
          Path.of(NodeClasses.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      while (!folder.getFileName().toString().equals("target")) {
        folder = folder.getParent();
      }
      return folder;
    } catch (URISyntaxException e) {
      throw new IllegalStateException("Classes come from a place that is no file", e);
    }
  }

  /** Those of former builds; each is 126 MB. */
  private static void deleteFormerBeside(Path file) throws IOException {
    try (DirectoryStream<Path> archives =
        Files.newDirectoryStream(file.getParent(), "classes-*.jsa")) {
      for (Path archive : archives) {
        if (!archive.equals(file)) {
          Files.delete(archive);
        }
      }
    }
  }
}
