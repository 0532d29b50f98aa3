package io.twinloop.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What was measured so far, a value a round for each id. */
final class Figures {

  private final Map<String, List<Double>> values = new LinkedHashMap<>();
  private final Consumer<String> news;

  /**
   * @param news is told each figure
   */
  Figures(Consumer<String> news) {
    this.news = news;
  }

  void add(String id, double value) {
    values.computeIfAbsent(id, first -> new ArrayList<>()).add(value);
    news.accept("  %-22s %,.1f".formatted(id, value));
  }

  /** Adds the time in the middle as {@code id-p50}, and that of the slowest in a hundred. */
  void addTimes(String id, List<Double> millis) {
    add(id + "-p50", Row.quantile(millis, 0.5));
    add(id + "-p99", Row.quantile(millis, 0.99));
  }

  /** The last value of an id. */
  double last(String id) {
    List<Double> all = values.getOrDefault(id, List.of());
    return all.get(all.size() - 1);
  }

  Row row(String id, String what, String unit, @Nullable Row beside) {
    return new Row(id, what, unit, values.getOrDefault(id, List.of()), beside);
  }
}
