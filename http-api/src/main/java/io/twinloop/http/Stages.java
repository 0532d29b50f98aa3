package io.twinloop.http;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Goes on with an answer on the thread that brought it.
 *
 * <p>A plain {@code thenApply} on what an ask returns is moved to the common pool, which on a
 * machine with two cores starts a thread per reply. So everything here names its executor.
 */
public final class Stages {

  /** Runs the next step on the thread that completed the previous one. */
  public static final Executor SAME_THREAD = Runnable::run;

  private Stages() {}

  /** The stage's value, changed. */
  public static <A, B> CompletionStage<B> map(CompletionStage<A> stage, Function<A, B> next) {
    return stage.thenApplyAsync(next, SAME_THREAD);
  }

  /** The stage's value, given to a step that takes its time too. */
  public static <A, B> CompletionStage<B> flatMap(
      CompletionStage<A> stage, Function<A, CompletionStage<B>> next) {
    return stage.thenComposeAsync(next, SAME_THREAD);
  }

  /** The stage's value or failure, of which the other is null. */
  public static <A, B> CompletionStage<B> handle(
      CompletionStage<A> stage, BiFunction<A, Throwable, B> next) {
    return stage.handleAsync(next, SAME_THREAD);
  }

  /** The failure without the wrappers that stages put around it. */
  static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
