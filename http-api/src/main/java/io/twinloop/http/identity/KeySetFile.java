package io.twinloop.http.identity;

import io.twinloop.domain.identity.KeySetSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A key set in a file, read again each time: a new file is a rotation. */
public final class KeySetFile implements KeySetSource {

  private static final int LARGEST_BYTES = 1024 * 1024;

  private final Path file;

  public KeySetFile(Path file) {
    this.file = file;
  }

  /** Reads on a thread of its own: a file may lie on a slow disk, and callers' threads are few. */
  @Override
  public CompletionStage<String> fetch() {
    CompletableFuture<String> read = new CompletableFuture<>();
    Thread reader = new Thread(() -> read(read), "key-set-file");
    reader.setDaemon(true);
    reader.start();
    return read;
  }

  private void read(CompletableFuture<String> read) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST_BYTES + 1);
      if (bytes.length > LARGEST_BYTES) {
        throw new IOException("it is longer than " + LARGEST_BYTES + " bytes");
      }
      read.complete(new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException | RuntimeException e) {
      String why =
          e.getClass() == IOException.class ? e.getMessage() : e.getClass().getSimpleName();
      read.completeExceptionally(new IOException(file + " can't be read (" + why + ")", e));
    }
  }
}
