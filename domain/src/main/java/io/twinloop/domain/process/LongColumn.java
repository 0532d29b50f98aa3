package io.twinloop.domain.process;

import java.util.Arrays;

/** A growing column of numbers. */
final class LongColumn {

  private long[] values = new long[16];
  private int size;

  void add(long value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, size * 2);
    }
    values[size++] = value;
  }

  int size() {
    return size;
  }

  long get(int index) {
    return values[index];
  }

  double sum() {
    double sum = 0;
    for (int i = 0; i < size; i++) {
      sum += values[i];
    }
    return sum;
  }

  void sort() {
    Arrays.sort(values, 0, size);
  }

  /** The quantile of the sorted column. */
  double quantile(double p) {
    return Quantiles.of(values, size, p);
  }

  /** Whether the sorted column has a value above {@code from} and below {@code to}. */
  boolean hasBetween(long from, long to) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (values[middle] <= from) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < size && values[low] < to;
  }
}
