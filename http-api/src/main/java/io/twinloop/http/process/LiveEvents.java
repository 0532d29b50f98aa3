package io.twinloop.http.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.process.CaseEvent;
import io.twinloop.domain.process.CaseEvent.Phase;
import io.twinloop.domain.process.EventIdentity;
import io.twinloop.domain.process.ToldEvent;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.http.Answers;
import io.twinloop.http.BulkSummary;
import io.twinloop.http.Call;
import io.twinloop.http.JsonFields;
import io.twinloop.http.Ndjson;
import io.twinloop.http.ProblemException;
import io.twinloop.http.ReadPosition;
import io.twinloop.http.Stages;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Sink;

/** Takes events of cases as they happen, one a line, in a stream of any length. */
final class LiveEvents {

  private static final int LONGEST_LINE = 8 * 1024;
  private static final int LINES_PER_BATCH = 2_000;
  private static final Duration LONGEST_WAIT = Duration.ofMillis(10);

  /** Of one upload; so that several don't fill the line of the journal. */
  private static final int COMMANDS_UNDER_WAY = 128;

  private static final Duration LONGEST_UPLOAD = Duration.ofHours(6);

  private final Entities entities;
  private final Clock clock;

  LiveEvents(Entities entities, Clock clock) {
    this.entities = entities;
    this.clock = clock;
  }

  /** What a line tells. */
  private record Told(String caseId, ToldEvent event) {}

  /** The lines of one batch for one case. */
  private record Share(String caseId, List<ToldEvent> events, List<Long> lines) {}

  /** What became of a share. */
  private record Taken(Share share, ProcessCase.Reply reply) {}

  /** What became of all. */
  private static final class Sum {
    final BulkSummary summary = new BulkSummary();
    final Set<Long> cases = new HashSet<>();
    final Map<String, Long> written = new LinkedHashMap<>();
    long events;
  }

  CompletionStage<HttpResponse> take(Call call, LogUpload.Order order) {
    call.requireContentType("application/x-ndjson", "application/ndjson", "application/jsonl");
    call.allow(LONGEST_UPLOAD);
    // No correlation id of its own: each case that is late begins a loop.
    Cause cause = new Cause(null, call.commandId(), call.caller().actor());
    Instant received = clock.instant();
    Sum sum = new Sum();
    return Stages.map(
        Ndjson.lines(call.bytes(), LONGEST_LINE)
            .groupedWithin(LINES_PER_BATCH, LONGEST_WAIT)
            .mapConcat(lines -> sharesOf(lines, sum, cause, received))
            .mapAsync(COMMANDS_UNDER_WAY, share -> ask(share, order, cause))
            .map(
                taken -> {
                  add(taken, order.processId(), sum);
                  return taken;
                })
            .runWith(Sink.ignore(), call.system()),
        done -> answer(sum));
  }

  private static List<Share> sharesOf(
      List<Ndjson.Line> lines, Sum sum, Cause cause, Instant received) {
    Map<String, Share> shares = new LinkedHashMap<>();
    for (Ndjson.Line line : lines) {
      if (line instanceof Ndjson.Value value) {
        try {
          Told told =
              JsonFields.read(
                  value.json(),
                  fields ->
                      new Told(
                          fields.string("case", CaseEvent.LONGEST_NAME),
                          event(fields, value.number(), cause, received)));
          Share share =
              shares.computeIfAbsent(
                  told.caseId(), id -> new Share(id, new ArrayList<>(), new ArrayList<>()));
          share.events().add(told.event());
          share.lines().add(value.number());
        } catch (ProblemException e) {
          sum.summary.reject(value.number(), e.problem());
        }
      } else if (line instanceof Ndjson.Broken broken) {
        sum.summary.reject(broken);
      }
    }
    return List.copyOf(shares.values());
  }

  /**
   * An event without a time gets that of the request, a microsecond later for each line, and an id
   * that a repetition of the request has too.
   */
  private static ToldEvent event(JsonFields fields, long number, Cause cause, Instant received) {
    Instant at = fields.optionalInstant("timestamp").orElse(null);
    return new ToldEvent(
        fields.string("activity", CaseEvent.LONGEST_NAME),
        at == null ? received.plusNanos(number * 1_000) : at,
        fields.optionalString("resource", CaseEvent.LONGEST_NAME).orElse(null),
        Phase.COMPLETE,
        fields.optionalFlag("end").orElse(false),
        fields
            .optionalString("id", CaseEvent.LONGEST_NAME)
            .orElse(at == null ? cause.causationId() + " " + number : null));
  }

  private CompletionStage<Taken> ask(Share share, LogUpload.Order order, Cause cause) {
    List<CaseEvent> events = order.closing().mark(EventIdentity.identify(share.events()));
    return entities
        .<ProcessCase.Command, ProcessCase.Reply>ask(
            ProcessCase.KEY,
            ProcessCase.idOf(order.processId(), share.caseId()),
            replyTo ->
                new ProcessCase.Take(
                    order.processId(),
                    share.caseId(),
                    events,
                    order.mode(),
                    order.process().serviceLevel(),
                    cause,
                    replyTo))
        .thenApply(reply -> new Taken(share, reply));
  }

  private static void add(Taken taken, String processId, Sum sum) {
    Share share = taken.share();
    if (taken.reply() instanceof ProcessCase.Taken accepted) {
      sum.summary.accept(accepted.accepted()).unchanged(accepted.unchanged());
      sum.events += share.events().size();
      sum.cases.add(EventIdentity.digest(share.caseId()));
      if (sum.written.size() <= ReadPosition.MAX_ENTRIES) {
        sum.written.put(LogUpload.persistenceId(processId, share.caseId()), accepted.seqNr());
      }
    } else if (taken.reply() instanceof ProcessCase.Rejected rejected) {
      share.lines().forEach(line -> sum.summary.reject(line, rejected.code(), rejected.sentence()));
    }
  }

  private static HttpResponse answer(Sum sum) {
    ObjectNode json = sum.summary.toJson();
    json.put("cases", sum.cases.size()).put("events", sum.events);
    HttpResponse answer = Answers.ok(json);
    return sum.written.isEmpty() || sum.written.size() > ReadPosition.MAX_ENTRIES
        ? answer
        : Answers.withPosition(answer, new ReadPosition(sum.written));
  }
}
