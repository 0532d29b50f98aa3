package io.twinloop.multijvm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A file system of its own that can be full, in memory. Linux lets only root make one.
 *
 * <p>{@link #close()} unmounts it, as does the end of this process when it is told to end.
 */
public final class SmallDisk implements AutoCloseable {

  /** PostgreSQL's data and its write-ahead log, with room for hours. */
  private static final int MEGABYTES = 1_500;

  private static final int PIECE = 1 << 20;
  private static final long COMMAND_SECONDS = 20;

  private final Path folder;
  private final Thread atTheEnd = new Thread(this::unmount, "small-disk-unmount");

  private SmallDisk(Path folder) {
    this.folder = folder;
    Runtime.getRuntime().addShutdownHook(atTheEnd);
  }

  /** Mounts it on a folder, which is made; empty where that isn't allowed. */
  public static Optional<SmallDisk> mountOn(Path folder) {
    ClusterProcess.makeFolder(folder);
    boolean mounted =
        run(
            List.of(
                "mount",
                "-t",
                "tmpfs",
                "-o",
                "size=" + MEGABYTES + "m",
                "tmpfs",
                folder.toString()));
    return mounted ? Optional.of(new SmallDisk(folder)) : Optional.empty();
  }

  public Path folder() {
    return folder;
  }

  /** Leaves no byte for anybody. */
  public void fill() {
    try (FileChannel file =
        FileChannel.open(filler(), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int size = PIECE; size >= 1; size /= 2) {
        writeUntilFull(file, size);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeUntilFull(FileChannel file, int size) {
    ByteBuffer piece = ByteBuffer.allocate(size);
    try {
      while (true) {
        piece.clear();
        while (piece.hasRemaining()) {
          file.write(piece);
        }
      }
    } catch (IOException full) {
      // That is what it is for.
    }
  }

  /** Takes back what {@link #fill()} took. */
  public void free() {
    try {
      Files.deleteIfExists(filler());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    unmount();
    try {
      Runtime.getRuntime().removeShutdownHook(atTheEnd);
    } catch (IllegalStateException ending) {
      // Then it has nothing left to unmount.
    }
  }

  private void unmount() {
    run(List.of("umount", "--lazy", folder.toString()));
  }

  private Path filler() {
    return folder.resolve("filler");
  }

  private static boolean run(List<String> command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException notThere) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
