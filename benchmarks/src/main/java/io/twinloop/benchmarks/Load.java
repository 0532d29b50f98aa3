package io.twinloop.benchmarks;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A load that runs for a while and counts what it got done.
 *
 * <p>Whoever makes the load asks {@link #goesOn} before each step, calls {@link #done} after it and
 * {@link #failed} when it went wrong; the first failure ends the load.
 */
final class Load {

  private static final Duration LONGEST_BEGIN = Duration.ofSeconds(60);
  private static final Duration LONGEST_END = Duration.ofSeconds(30);

  private final LongAdder count = new LongAdder();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean ending;

  boolean goesOn() {
    return !ending;
  }

  void done() {
    count.increment();
  }

  void done(long steps) {
    count.add(steps);
  }

  void failed(Throwable error) {
    failure.compareAndSet(null, error);
    ending = true;
  }

  /** Tells whoever makes it that it is enough. */
  void end() {
    ending = true;
  }

  /** Fails when a step has. */
  void check() {
    Throwable first = failure.get();
    if (first != null) {
      throw new IllegalStateException("The load failed: " + first, first);
    }
  }

  /** Something that makes load until it is told to end. */
  interface Generator {
    /** Returns when the last step has ended. */
    void awaitEnd() throws Exception;
  }

  /** How a load is started. */
  interface Start {
    Generator on(Load load) throws Exception;
  }

  /** Looks at something else while a load counts. */
  interface Watch {
    void begin() throws Exception;

    /** Looks again, after so many steps. */
    void end(long steps) throws Exception;
  }

  private static final Watch NOTHING =
      new Watch() {
        @Override
        public void begin() {}

        @Override
        public void end(long steps) {}
      };

  /** Steps per second, once it has run for {@link Plan#warmUp}. */
  static double perSecond(Plan plan, Start start) throws Exception {
    return perSecond(plan, start, NOTHING);
  }

  /** The same, with something else looked at meanwhile. */
  static double perSecond(Plan plan, Start start, Watch watch) throws Exception {
    Load load = new Load();
    Generator generator = start.on(load);
    double rate;
    try {
      load.awaitFirst();
      load.pause(plan.warmUp());
      watch.begin();
      long begin = load.count.sum();
      long from = System.nanoTime();
      load.pause(plan.measured());
      long steps = load.count.sum() - begin;
      rate = steps * 1e9 / (System.nanoTime() - from);
      watch.end(steps);
    } finally {
      load.end();
      generator.awaitEnd();
    }
    load.check();
    return rate;
  }

  /** Runs a load that isn't measured: a JVM compiles what it does often, and is slow before. */
  static void warmUp(Plan plan, Start start) throws Exception {
    Load load = new Load();
    Generator generator = start.on(load);
    try {
      load.awaitFirst();
      load.pause(plan.jvmWarmUp());
    } finally {
      load.end();
      generator.awaitEnd();
    }
    load.check();
  }

  /** The longest time a generator may take to end, in seconds. */
  static long longestEndSeconds() {
    return LONGEST_END.toSeconds();
  }

  /** The first step opens connections and loads classes: time that belongs to no measure. */
  private void awaitFirst() throws InterruptedException {
    long end = System.nanoTime() + LONGEST_BEGIN.toNanos();
    while (!ending && count.sum() == 0) {
      if (System.nanoTime() > end) {
        failed(
            new IllegalStateException("nothing was done in " + LONGEST_BEGIN.toSeconds() + " s"));
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  private void pause(Duration time) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    while (!ending && System.nanoTime() < end) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }
}
