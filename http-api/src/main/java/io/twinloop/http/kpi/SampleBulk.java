package io.twinloop.http.kpi;

import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.http.Answers;
import io.twinloop.http.BulkSummary;
import io.twinloop.http.Call;
import io.twinloop.http.Ndjson;
import io.twinloop.http.ProblemException;
import io.twinloop.http.ReadPosition;
import io.twinloop.http.Stages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Sink;

/**
 * Takes a stream of samples for many KPIs, of any length, in flat memory: lines are gathered into
 * batches per KPI, a few batches are under way at a time, and the upload is read no faster than the
 * journal writes.
 */
final class SampleBulk {

  private static final int LONGEST_LINE = 8 * 1024;
  private static final int LINES_PER_BATCH = 10_000;

  /** In one command and event: with the longest sources they stay below the journal's limit. */
  private static final int SAMPLES_PER_COMMAND = 1_000;

  private static final Duration LONGEST_WAIT = Duration.ofMillis(10);

  /** Of one upload; so that several don't fill the line of the journal. */
  private static final int COMMANDS_UNDER_WAY = 128;

  private static final Duration LONGEST_UPLOAD = Duration.ofHours(6);

  private final Entities entities;

  SampleBulk(Entities entities) {
    this.entities = entities;
  }

  /** Lines of one batch for one KPI. */
  private record Share(String kpiId, List<Measurement> measurements, List<Long> lines) {}

  /** What became of a share. */
  private record Taken(Share share, Kpi.Reply reply) {}

  CompletionStage<HttpResponse> take(Call call) {
    call.requireContentType("application/x-ndjson", "application/ndjson", "application/jsonl");
    call.allow(LONGEST_UPLOAD);
    Mode mode = KpiJson.mode(call);
    // No correlation id of its own: each episode in the stream begins a loop.
    Cause cause = new Cause(null, call.commandId(), call.caller().actor());
    BulkSummary summary = new BulkSummary();
    Map<String, Long> written = new LinkedHashMap<>();
    return Stages.map(
        Ndjson.lines(call.bytes(), LONGEST_LINE, new UsualLine())
            .groupedWithin(LINES_PER_BATCH, LONGEST_WAIT)
            .mapConcat(lines -> sharesOf(lines, summary))
            .mapAsync(COMMANDS_UNDER_WAY, share -> ask(share, mode, cause))
            .map(
                taken -> {
                  sum(taken, summary, written);
                  return taken;
                })
            .runWith(Sink.ignore(), call.system()),
        done -> {
          HttpResponse answer = Answers.ok(summary.toJson());
          return written.isEmpty() || written.size() > ReadPosition.MAX_ENTRIES
              ? answer
              : Answers.withPosition(answer, new ReadPosition(written));
        });
  }

  private static List<Share> sharesOf(List<Ndjson.Line> lines, BulkSummary summary) {
    Map<String, Share> latest = new HashMap<>();
    List<Share> shares = new ArrayList<>();
    for (Ndjson.Line line : lines) {
      if (line instanceof Ndjson.Ready<?> ready) {
        add((KpiJson.Line) ready.value(), ready.number(), latest, shares);
      } else if (line instanceof Ndjson.Value value) {
        try {
          add(KpiJson.line(value.json()), value.number(), latest, shares);
        } catch (ProblemException e) {
          summary.reject(value.number(), e.problem());
        }
      } else if (line instanceof Ndjson.Broken broken) {
        summary.reject(broken);
      }
    }
    return shares;
  }

  private static void add(
      KpiJson.Line line, long number, Map<String, Share> latest, List<Share> shares) {
    Share share = latest.get(line.kpiId());
    if (share == null || share.lines().size() == SAMPLES_PER_COMMAND) {
      share = new Share(line.kpiId(), new ArrayList<>(), new ArrayList<>());
      latest.put(line.kpiId(), share);
      shares.add(share);
    }
    share.measurements().add(line.measurement());
    share.lines().add(number);
  }

  private CompletionStage<Taken> ask(Share share, Mode mode, Cause cause) {
    return entities
        .<Kpi.Command, Kpi.Reply>ask(
            Kpi.KEY,
            share.kpiId(),
            replyTo -> new Kpi.Take(share.measurements(), mode, null, cause, replyTo))
        .thenApply(reply -> new Taken(share, reply));
  }

  private static void sum(Taken taken, BulkSummary summary, Map<String, Long> written) {
    if (taken.reply() instanceof Kpi.Taken accepted) {
      summary.accept(accepted.accepted()).unchanged(accepted.unchanged());
      written.put(Kpi.KEY.name() + "|" + taken.share().kpiId(), accepted.seqNr());
    } else if (taken.reply() instanceof Kpi.Rejected rejected) {
      taken
          .share()
          .lines()
          .forEach(line -> summary.reject(line, rejected.code(), rejected.sentence()));
    }
  }
}
