package io.twinloop.http.kpi;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.http.Json;
import io.twinloop.http.ProblemException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fast reader takes what the general one takes, and makes the same of it. */
class UsualLineTest {

  private final UsualLine quick = new UsualLine();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'kpiId':'order-rate','timestamp':'2026-01-31T08:00:00Z','value':42.5,'source':'shop'}",
        "{'kpiId': 'a', 'value': -0.001, 'timestamp': '2024-02-29T23:59:59.123456789Z'}",
        "{ 'value' : 1e-7 , 'kpiId' : 'a.b_c:d~e-f' , 'confidence' : 0.25 } ",
        "{'kpiId':'a','value':12345678901234567890123}",
        "{'kpiId':'a','value':0.1234567890123456789}",
        "{'kpiId':'a','value':-0}",
        "{'kpiId':'a','value':9007199254740993,'source':'unknown'}",
        "{'kpiId':'a','value':1.7976931348623157E308,'confidence':1}",
        "{'kpiId':'a','value':3,'timestamp':'1900-01-01T00:00:00.5Z','confidence':0}",
        "{'kpiId':'a','value':3,'timestamp':'2198-12-31T23:59:59Z'}"
      })
  void shouldReadUsualLinesItself(String line) {
    byte[] bytes = bytes(line.replace('\'', '"'));

    assertThat(quick.read(bytes, 0, bytes.length)).isNotNull().isEqualTo(general(bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "null",
        "{'kpiId':'a'}",
        "{'value':1}",
        "{'kpiId':'a','value':1",
        "{'kpiId':'a','value':1}}",
        "{'kpiId':'a','value':1,}",
        "{'kpiId':'a','value':1}{}",
        "{'kpiId':'a','value':'1'}",
        "{'kpiId':'a','value':null}",
        "{'kpiId':'a','value':01}",
        "{'kpiId':'a','value':1.}",
        "{'kpiId':'a','value':.5}",
        "{'kpiId':'a','value':+1}",
        "{'kpiId':'a','value':-}",
        "{'kpiId':'a','value':1e}",
        "{'kpiId':'a','value':1e999}",
        "{'kpiId':'a','value':NaN}",
        "{'kpiId':'a','value':1,'value':2}",
        "{'kpiId':'a','kpiId':'b','value':2}",
        "{'kpiId':'a','value':1,'unit':'h'}",
        "{'kpiId':'','value':1}",
        "{'kpiId':'a b','value':1}",
        "{'kpiId':'\\u0061','value':1}",
        "{'kpiId':'a','value':1,'source':''}",
        "{'kpiId':'a','value':1,'source':'  '}",
        "{'kpiId':'a','value':1,'source':'z\u00e4hler'}",
        "{'kpiId':'a','value':1,'confidence':1.01}",
        "{'kpiId':'a','value':1,'confidence':-0.5}",
        "{'kpiId':'a','value':1,'timestamp':'2026-02-29T08:00:00Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-13-01T08:00:00Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-01-00T08:00:00Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-01-01T24:00:00Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-01-01T08:00:60Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-01-01T08:00:00.Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-01-01T08:00:00.1234567890Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-01-01T08:00:00+01:00'}",
        "{'kpiId':'a','value':1,'timestamp':'2026-01-01T08:00Z'}",
        "{'kpiId':'a','value':1,'timestamp':'1899-12-31T08:00:00Z'}",
        "{'kpiId':'a','value':1,'timestamp':'2199-01-01T00:00:00Z'}"
      })
  void shouldLeaveAllElseToTheGeneralReader(String line) {
    byte[] bytes = bytes(line.replace('\'', '"'));

    assertThat(quick.read(bytes, 0, bytes.length)).isNull();
  }

  @Test
  void shouldNeverSayAnythingElseThanTheGeneralReader() {
    int read = 0;
    for (long seed = 1; seed <= 20_000; seed++) {
      Random random = new Random(seed);
      byte[] line = bytes(line(random));
      for (int damages = random.nextInt(3); damages > 0; damages--) {
        line[random.nextInt(line.length)] =
            (byte) "\"{}:,.-+eETZ019a \\\t\u00e4".charAt(random.nextInt(20));
      }
      KpiJson.Line known = quick.read(line, 0, line.length);
      if (known != null) {
        read++;
        assertThat(known)
            .as("seed %d: %s", seed, new String(line, StandardCharsets.UTF_8))
            .isEqualTo(general(line));
      }
    }
    assertThat(read).as("lines it read itself").isGreaterThan(5_000);
  }

  private static KpiJson.Line general(byte[] line) {
    try {
      return KpiJson.line(Json.read(line));
    } catch (ProblemException e) {
      throw new AssertionError("the general reader refuses: " + e.problem(), e);
    }
  }

  private static String line(Random random) {
    List<String> fields = new ArrayList<>();
    fields.add("\"kpiId\":\"kpi-" + random.nextInt(1_000) + "\"");
    fields.add("\"value\":" + number(random));
    if (random.nextBoolean()) {
      fields.add(
          "\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d%sZ\""
              .formatted(
                  1_890 + random.nextInt(320),
                  random.nextInt(14),
                  random.nextInt(33),
                  random.nextInt(25),
                  random.nextInt(61),
                  random.nextInt(61),
                  random.nextBoolean() ? "" : "." + random.nextInt(1_000_000)));
    }
    if (random.nextBoolean()) {
      fields.add("\"source\":\"meter " + random.nextInt(5) + "\"");
    }
    if (random.nextBoolean()) {
      fields.add("\"confidence\":" + random.nextDouble());
    }
    java.util.Collections.shuffle(fields, random);
    return "{" + String.join(random.nextBoolean() ? "," : ", ", fields) + "}";
  }

  private static String number(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Long.toString(random.nextLong());
      case 1 -> Double.toString(random.nextGaussian() * Math.pow(10, random.nextInt(-320, 308)));
      case 2 -> Double.toString(random.nextInt(1_000_000) / 1_000.0);
      default -> Integer.toString(random.nextInt());
    };
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
