package io.twinloop.domain.kpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Packing the samples of an hour into bytes, adding to them, and back. */
class SampleChunkTest {

  private static final Instant HOUR = Instant.parse("2026-01-31T08:00:00Z");

  @Test
  void shouldUnpackWhatWasPacked() {
    for (long seed = 1; seed <= 200; seed++) {
      List<Sample> samples = SampleChunk.merge(samples(new Random(seed), 40), List.of());

      byte[] chunk = SampleChunk.pack(samples);

      assertThat(SampleChunk.unpack(chunk)).as("seed %d", seed).isEqualTo(samples);
      assertThat(SampleChunk.count(chunk)).as("seed %d", seed).isEqualTo(samples.size());
    }
  }

  @Test
  void shouldAddSamplesAsIfAllHadBeenPackedTogether() {
    for (long seed = 1; seed <= 500; seed++) {
      Random random = new Random(seed);
      List<Sample> all = new ArrayList<>();
      byte[] chunk = null;
      for (int delivery = 0; delivery < 4; delivery++) {
        List<Sample> more = samples(random, 12);
        chunk = SampleChunk.add(chunk, more);
        all = SampleChunk.merge(all, more);

        assertThat(SampleChunk.unpack(chunk)).as("seed %d", seed).isEqualTo(all);
        assertThat(SampleChunk.count(chunk)).as("seed %d", seed).isEqualTo(all.size());
      }
    }
  }

  @Test
  void shouldUnpackPiecesAsIfAllHadBeenPackedTogether() {
    for (long seed = 1; seed <= 500; seed++) {
      Random random = new Random(seed);
      List<Sample> all = new ArrayList<>();
      byte[][] pieces = new byte[1 + random.nextInt(3)][];
      for (int i = 0; i < pieces.length; i++) {
        List<Sample> piece = SampleChunk.merge(samples(random, 12), List.of());
        pieces[i] = SampleChunk.pack(piece);
        all = SampleChunk.merge(all, piece);
      }

      assertThat(SampleChunk.unpackAll(pieces)).as("seed %d", seed).isEqualTo(all);
    }
  }

  @Test
  void shouldAddLaterSamplesOfKnownSourcesInTheSameBytes() {
    for (long seed = 1; seed <= 200; seed++) {
      Random random = new Random(seed);
      List<Sample> all = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        String source = i < 3 ? "meter-" + i : "meter-" + random.nextInt(3);
        double confidence = random.nextBoolean() ? 1 : random.nextDouble();
        all.add(
            new Sample(HOUR.plusMillis(i * 50_000L), random.nextGaussian(), source, confidence));
      }
      int cut = 3 + random.nextInt(56);

      byte[] chunk = SampleChunk.add(SampleChunk.pack(all.subList(0, cut)), all.subList(cut, 60));

      assertThat(chunk).as("seed %d", seed).isEqualTo(SampleChunk.pack(all));
    }
  }

  @Test
  void shouldReadTheChunksOfTheFirstRelease() {
    String released =
        "010200056d6574657200077ac3a4686c657203000649aa79faa00000003ff8000000000000c0843d03c0000000000000003fd000000000000080bfd4b30d007e51eb2d66005835";

    List<Sample> samples =
        List.of(
            Sample.of(HOUR, 1.5, "meter"),
            new Sample(HOUR.plusSeconds(1), -2, "zähler", 0.25),
            Sample.of(HOUR.plusSeconds(3_599), 3e300, "meter"));

    assertThat(SampleChunk.unpack(HexFormat.of().parseHex(released))).isEqualTo(samples);
    assertThat(HexFormat.of().formatHex(SampleChunk.pack(samples))).isEqualTo(released);
  }

  @Test
  void shouldRefuseWhatIsNoChunk() {
    byte[] chunk = SampleChunk.pack(SampleChunk.merge(samples(new Random(1), 20), List.of()));
    byte[] other = chunk.clone();
    other[0] = 2;

    assertThatThrownBy(() -> SampleChunk.unpack(other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("format 2");
    assertThatThrownBy(() -> SampleChunk.unpack(Arrays.copyOf(chunk, chunk.length - 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ends in the middle");
  }

  /** Up to so many samples of the hour, some of the same time, in any order. */
  private static List<Sample> samples(Random random, int most) {
    List<Sample> samples = new ArrayList<>();
    for (int i = 1 + random.nextInt(most); i > 0; i--) {
      samples.add(
          new Sample(
              HOUR.plusSeconds(random.nextInt(3_600)),
              random.nextGaussian() * Math.pow(10, random.nextInt(-300, 300)),
              "meter-" + random.nextInt(3),
              random.nextBoolean() ? 1 : random.nextDouble()));
    }
    if (random.nextBoolean()) {
      samples.sort(Sample.IN_TIME);
    }
    return samples;
  }
}
