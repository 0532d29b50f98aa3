package io.twinloop.persistence.r2dbc;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import scala.concurrent.Future;
import scala.concurrent.Promise;

/**
 * Hands a stage to Pekko as a Scala future that fails with the error itself, not with its
 * CompletionException.
 */
final class ScalaFutures {

  private ScalaFutures() {}

  static <T> Future<T> of(CompletionStage<T> stage) {
    Promise<T> promise = Promise.apply();
    stage.whenComplete(
        (value, error) -> {
          if (error == null) {
            promise.success(value);
          } else {
            promise.failure(unwrapped(error));
          }
        });
    return promise.future();
  }

  static Throwable unwrapped(Throwable error) {
    Throwable cause = error.getCause();
    return error instanceof CompletionException && cause != null ? cause : error;
  }
}
