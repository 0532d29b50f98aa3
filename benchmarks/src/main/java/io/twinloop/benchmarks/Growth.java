package io.twinloop.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.pekko.persistence.Persistence;
import org.postgresql.PGConnection;

/**
 * Whether a command costs more when there are more entities in the database: commands to KPIs in
 * memory, and first commands to KPIs that lie in the journal, among 1,000, 100,000 and 1,000,000.
 *
 * <p>Their histories are copies of two that the product wrote, a definition and a sample each, put
 * into the journal by COPY.
 */
final class Growth {

  private static final List<Integer> SIZES = List.of(1_000, 100_000, 1_000_000);
  private static final int HOT = 500;
  private static final int COLD = 500;
  private static final int IN_FLIGHT = 256;
  private static final String TEMPLATE = "template";

  private static final String HISTORY =
      """
      SELECT seq_nr, event_ser_id, event_ser_manifest, event_payload FROM event_journal
      WHERE persistence_id = 'Kpi|template' ORDER BY seq_nr
      """;

  private static final String COPY =
      """
      COPY event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp, event_ser_id,
        event_ser_manifest, event_payload, writer) FROM STDIN
      """;

  private final RawPostgres database;
  private final String url;
  private final Plan plan;
  private final Consumer<String> news;
  private int stored;

  Growth(RawPostgres database, String url, Plan plan, Consumer<String> news) {
    this.database = database;
    this.url = url;
    this.plan = plan;
    this.news = news;
  }

  /** Rows of each size; those of the larger ones beside those of the smallest. */
  List<Row> measure() throws Exception {
    List<Row> rows = new ArrayList<>();
    try (EntityHost host = EntityHost.start(url, 2 * (HOT + COLD) * SIZES.size())) {
      host.define(List.of(TEMPLATE));
      host.sample(TEMPLATE, 0);
      for (int size : SIZES) {
        grow(host, size);
        List<Double> hot = new ArrayList<>();
        List<Double> cold = new ArrayList<>();
        for (int round = 0; round < plan.rounds(); round++) {
          cold.add(Row.quantile(first(host, size, round), 0.5));
          hot.add(
              Load.perSecond(plan, load -> host.commands(load, spread(size, HOT, 0), IN_FLIGHT)));
        }
        news.accept("  %,d KPIs: %s 1/s, cold %s ms".formatted(size, hot, cold));
        Row smallestHot = rows.isEmpty() ? null : rows.get(0);
        Row smallestCold = rows.isEmpty() ? null : rows.get(1);
        rows.add(
            new Row(
                "hot-" + size,
                "commands to %d of %,d KPIs in the journal".formatted(HOT, size),
                "1/s",
                hot,
                smallestHot));
        rows.add(
            new Row(
                "cold-" + size,
                "first command to one of %,d, p50".formatted(size),
                "ms",
                cold,
                smallestCold));
      }
    }
    return rows;
  }

  /** Each is asked for the first time. */
  private List<Double> first(EntityHost host, int size, int round) throws Exception {
    List<Double> millis = new ArrayList<>();
    List<String> ids = spread(size, COLD / plan.rounds() + 1, 1 + round);
    for (String id : ids) {
      long from = System.nanoTime();
      host.sample(id, 1);
      millis.add((System.nanoTime() - from) / 1e6);
    }
    return millis;
  }

  /** KPIs from anywhere, the same ones for the same seed. */
  private static List<String> spread(int size, int count, int seed) {
    SplittableRandom random = new SplittableRandom(31L * size + seed);
    return IntStream.range(0, count).mapToObj(i -> "grown-" + random.nextInt(size)).toList();
  }

  /** Puts as many KPIs into the journal as are missing. */
  private void grow(EntityHost host, int size) throws SQLException, IOException {
    news.accept("Growing to %,d KPIs …".formatted(size));
    List<String> events = history();
    Persistence persistence = Persistence.get(host.system().classicSystem());
    try (Connection connection = database.connect("")) {
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn(
              COPY,
              new Lines(
                  IntStream.range(stored, size)
                      .mapToObj(
                          number -> {
                            String id = "Kpi|grown-" + number;
                            return lines(persistence.sliceForPersistenceId(id), id, events);
                          })
                      .iterator()));
    }
    database.execute("VACUUM ANALYZE event_journal");
    database.execute("CHECKPOINT");
    stored = size;
  }

  /** What comes after the persistence id in the lines of the template. */
  private List<String> history() throws SQLException {
    List<String> events = new ArrayList<>();
    try (Connection connection = database.connect("");
        PreparedStatement select = connection.prepareStatement(HISTORY);
        ResultSet rows = select.executeQuery()) {
      while (rows.next()) {
        events.add(
            "\t%d\tnow\t%d\t%s\t\\\\x%s\tgrowth\n"
                .formatted(
                    rows.getLong(1),
                    rows.getInt(2),
                    rows.getString(3),
                    HexFormat.of().formatHex(rows.getBytes(4))));
      }
    }
    return events;
  }

  private static String lines(int slice, String persistenceId, List<String> events) {
    StringBuilder text = new StringBuilder();
    for (String event : events) {
      text.append(slice).append("\tKpi\t").append(persistenceId).append(event);
    }
    return text.toString();
  }

  /** Text made as it is read. */
  private static final class Lines extends InputStream {
    private final java.util.Iterator<String> texts;
    private byte[] current = {};
    private int next;

    Lines(java.util.Iterator<String> texts) {
      this.texts = texts;
    }

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (next == current.length) {
        if (!texts.hasNext()) {
          return -1;
        }
        current = texts.next().getBytes(StandardCharsets.UTF_8);
        next = 0;
      }
      int count = Math.min(length, current.length - next);
      System.arraycopy(current, next, target, offset, count);
      next += count;
      return count;
    }
  }
}
