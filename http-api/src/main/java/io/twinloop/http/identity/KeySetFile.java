package io.twinloop.http.identity;

import io.twinloop.domain.identity.KeySetSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A key set in a file, read again each time: a new file is a rotation. */
public final class KeySetFile implements KeySetSource {

  private static final int LARGEST_BYTES = 1024 * 1024;

  private final Path file;

  public KeySetFile(Path file) {
    this.file = file;
  }

  @Override
  public CompletionStage<String> fetch() {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST_BYTES + 1);
      if (bytes.length > LARGEST_BYTES) {
        return failed(file + " is longer than " + LARGEST_BYTES + " bytes", null);
      }
      return CompletableFuture.completedStage(new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException e) {
      return failed(file + " can't be read (" + e.getClass().getSimpleName() + ")", e);
    }
  }

  private static CompletionStage<String> failed(String message, @Nullable IOException cause) {
    return CompletableFuture.failedStage(new IOException(message, cause));
  }
}
