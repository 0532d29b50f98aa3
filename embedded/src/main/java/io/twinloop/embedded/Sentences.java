package io.twinloop.embedded;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;

/** Turns failures of the platform into words for a sentence. */
final class Sentences {
  private Sentences() {}

  /** What went wrong, without a class name where there is a message, and without a final stop. */
  static String reason(Throwable failure) {
    if (failure instanceof AccessDeniedException denied) {
      return "access to " + denied.getFile() + " is denied";
    }
    if (failure instanceof FileSystemException file && file.getReason() != null) {
      return file.getFile() + ": " + file.getReason();
    }
    String message = failure.getMessage();
    if (message == null || message.isBlank()) {
      return failure.getClass().getSimpleName();
    }
    String stripped = message.strip();
    return stripped.endsWith(".") ? stripped.substring(0, stripped.length() - 1) : stripped;
  }
}
