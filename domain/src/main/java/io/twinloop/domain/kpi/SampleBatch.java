package io.twinloop.domain.kpi;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Samples of one KPI in columns: the compact form in which they are journaled and sent.
 *
 * @param micros timestamps, microseconds since 1970 UTC
 * @param values the values, one each
 * @param sources one per sample, or a single one that holds for all
 * @param confidences one per sample, or none when all are 1
 */
public record SampleBatch(
    List<Long> micros, List<Double> values, List<String> sources, List<Double> confidences) {

  public SampleBatch {
    micros = List.copyOf(micros);
    values = List.copyOf(values);
    sources = List.copyOf(sources);
    confidences = List.copyOf(confidences);
    if (values.size() != micros.size()
        || (sources.size() != micros.size() && sources.size() != 1 && !micros.isEmpty())
        || (!confidences.isEmpty() && confidences.size() != micros.size())) {
      throw new IllegalArgumentException(
          "columns of different length: %d timestamps, %d values, %d sources, %d confidences"
              .formatted(micros.size(), values.size(), sources.size(), confidences.size()));
    }
  }

  /** Packs samples, in the order given. */
  public static SampleBatch of(List<Sample> samples) {
    if (samples.size() == 1) {
      return of(samples.get(0));
    }
    boolean oneSource = samples.stream().map(Sample::source).distinct().limit(2).count() == 1;
    boolean allSure = samples.stream().allMatch(sample -> sample.confidence() == 1.0);
    return new SampleBatch(
        samples.stream().map(sample -> toMicros(sample.timestamp())).toList(),
        samples.stream().map(Sample::value).toList(),
        (oneSource ? samples.subList(0, 1) : samples).stream().map(Sample::source).toList(),
        allSure ? List.of() : samples.stream().map(Sample::confidence).toList());
  }

  // Most commands bring one sample: what streams find out about many is plain here.
  private static SampleBatch of(Sample sample) {
    return new SampleBatch(
        List.of(toMicros(sample.timestamp())),
        List.of(sample.value()),
        List.of(sample.source()),
        sample.confidence() == 1.0 ? List.of() : List.of(sample.confidence()));
  }

  public int size() {
    return micros.size();
  }

  /** Unpacks the samples, in the order they were given. */
  public List<Sample> samples() {
    List<Sample> samples = new ArrayList<>(size());
    for (int i = 0; i < size(); i++) {
      samples.add(
          new Sample(
              fromMicros(micros.get(i)),
              values.get(i),
              sources.get(sources.size() == 1 ? 0 : i),
              confidences.isEmpty() ? 1.0 : confidences.get(i)));
    }
    return samples;
  }

  /** Microseconds since 1970 UTC. */
  public static long toMicros(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1_000);
  }

  /** The instant of microseconds since 1970 UTC. */
  public static Instant fromMicros(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000);
  }
}
