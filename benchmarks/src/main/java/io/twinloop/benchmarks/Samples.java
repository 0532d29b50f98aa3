package io.twinloop.benchmarks;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Samples of many KPIs, one a second each, the KPIs taking turns as they do in an upload.
 *
 * <p>A value lies evenly in a band, and one in a thousand far outside it: what a KPI looks like
 * that now and then has an anomaly. The same seed gives the same samples.
 *
 * @param prefix of the KPIs' ids
 * @param from time of the first sample
 */
record Samples(String prefix, int kpis, int count, Instant from, long seed) {

  private static final int ONE_ANOMALY_IN = 1_000;

  private record Sample(String kpiId, Instant at, double value) {}

  /** Ids of the KPIs. */
  List<String> kpiIds() {
    List<String> ids = new ArrayList<>(kpis);
    for (int i = 0; i < kpis; i++) {
      ids.add(prefix + i);
    }
    return ids;
  }

  /** The time of the last sample. */
  Instant until() {
    return from.plusSeconds((count - 1) / kpis);
  }

  /** As lines of the bulk upload. */
  byte[] lines() {
    StringBuilder text = new StringBuilder(count * 100);
    for (Sample sample : all()) {
      text.append("{\"kpiId\":\"")
          .append(sample.kpiId)
          .append("\",\"timestamp\":\"")
          .append(sample.at)
          .append("\",\"value\":")
          .append(sample.value)
          .append(",\"source\":\"bench\"}\n");
    }
    return bytes(text);
  }

  /** As request bodies of a KPI each, with this many samples at the most, the KPIs taking turns. */
  List<Batch> batches(int size) {
    List<String> ids = kpiIds();
    List<Sample> all = all();
    List<Batch> batches = new ArrayList<>();
    for (int begin = 0; begin < count; begin += size * kpis) {
      for (int kpi = 0; kpi < kpis; kpi++) {
        StringBuilder text = new StringBuilder("{\"samples\":[");
        int samples = 0;
        for (int i = begin + kpi; i < Math.min(count, begin + size * kpis); i += kpis) {
          text.append(samples++ == 0 ? "" : ",")
              .append("{\"timestamp\":\"")
              .append(all.get(i).at)
              .append("\",\"value\":")
              .append(all.get(i).value)
              .append(",\"source\":\"bench\"}");
        }
        if (samples > 0) {
          batches.add(new Batch(ids.get(kpi), samples, bytes(text.append("]}"))));
        }
      }
    }
    return batches;
  }

  /** One request of several samples. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, only sent
  record Batch(String kpiId, int samples, byte[] body) {}

  /** As rows for COPY. */
  byte[] copyRows() {
    StringBuilder text = new StringBuilder(count * 60);
    for (Sample sample : all()) {
      text.append(sample.kpiId)
          .append('\t')
          .append(sample.at)
          .append('\t')
          .append(sample.value)
          .append("\tbench\n");
    }
    return bytes(text);
  }

  private List<Sample> all() {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> ids = kpiIds();
    List<Sample> samples = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      double inBand = 100 + random.nextDouble();
      double value = random.nextInt(ONE_ANOMALY_IN) == 0 ? inBand * 2 : inBand;
      samples.add(
          new Sample(
              ids.get(i % kpis), from.plusSeconds(i / kpis), Math.round(value * 1_000) / 1_000.0));
    }
    return samples;
  }

  private static byte[] bytes(StringBuilder text) {
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
