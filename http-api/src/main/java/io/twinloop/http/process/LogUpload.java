package io.twinloop.http.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.process.CaseClosing;
import io.twinloop.domain.process.CaseEvent;
import io.twinloop.domain.process.EventIdentity;
import io.twinloop.domain.process.LogReader;
import io.twinloop.domain.process.LogReader.Broken;
import io.twinloop.domain.process.LogReader.Delivery;
import io.twinloop.domain.process.LogReader.Stopped;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.http.Answers;
import io.twinloop.http.BulkSummary;
import io.twinloop.http.Call;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.http.ReadPosition;
import io.twinloop.http.Stages;
import io.twinloop.projections.process.ServiceLevels;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.javadsl.StreamConverters;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Takes a log of any length, in flat memory: it is read case by case on a thread of its own, a
 * bounded number of cases is under way at a time, and the upload is read no faster than the journal
 * writes. The answer waits until the read model has all of it, since what follows an import is a
 * question to it.
 */
final class LogUpload {

  private static final int CASES_UNDER_WAY = 64;

  /**
   * The last cases written are waited for. Each was begun when all but the few under way before it
   * were durable, so what the read model has of these, it has of all.
   */
  private static final int WAITED_FOR = 4 * CASES_UNDER_WAY;

  private static final Duration LONGEST_UPLOAD = Duration.ofHours(6);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
  private static final Duration SETTLE = Duration.ofSeconds(60);

  private final Entities entities;
  private final ReadModelWait wait;

  LogUpload(Entities entities, ReadModelWait wait) {
    this.entities = entities;
    this.wait = wait;
  }

  /** What holds for all cases of an upload. */
  record Order(String processId, ServiceLevels.Known process, CaseClosing closing, Mode mode) {}

  /** What became of an item; {@code reply} only of a delivery. */
  private record Done(LogReader.Item item, ProcessCase.@Nullable Reply reply) {}

  /** What became of all. */
  private static final class Sum {
    final BulkSummary summary = new BulkSummary();
    final Set<Long> cases = new HashSet<>(); // digests: eight bytes a case, however long its id
    final Map<String, Long> lastWritten = new LinkedHashMap<>();
    long events;
    @Nullable Stopped stopped;
  }

  CompletionStage<HttpResponse> take(Call call, LogFormat format, Order order) {
    call.allow(LONGEST_UPLOAD);
    // No correlation id of its own: each case that is late begins a loop.
    Cause cause = new Cause(null, call.commandId(), call.caller().actor());
    Sum sum = new Sum();
    Source<ByteString, ?> bytes = call.bytes();
    Source<LogReader.Item, ?> items =
        Source.unfoldResource(
            () -> format.open(stream(bytes, call)), LogReader::next, LogReader::close);
    return Stages.flatMap(
        items
            .mapAsyncUnordered(CASES_UNDER_WAY, item -> take(item, order, cause))
            .map(
                done -> {
                  add(done, order.processId(), sum);
                  return done;
                })
            .mapError(IOException.class, LogUpload::problemIn)
            .runWith(Sink.ignore(), call.system()),
        all -> answer(sum));
  }

  private static InputStream stream(Source<ByteString, ?> bytes, Call call) {
    return bytes.runWith(StreamConverters.asInputStream(LONGEST_PAUSE), call.system());
  }

  private CompletionStage<Done> take(LogReader.Item item, Order order, Cause cause) {
    if (!(item instanceof Delivery delivery)) {
      return CompletableFuture.completedStage(new Done(item, null));
    }
    List<CaseEvent> events = order.closing().mark(EventIdentity.identify(delivery.events()));
    return Stages.map(
        entities.<ProcessCase.Command, ProcessCase.Reply>ask(
            ProcessCase.KEY,
            ProcessCase.idOf(order.processId(), delivery.caseId()),
            replyTo ->
                new ProcessCase.Take(
                    order.processId(),
                    delivery.caseId(),
                    events,
                    order.mode(),
                    order.process().serviceLevel(),
                    cause,
                    replyTo)),
        reply -> new Done(item, reply));
  }

  private static void add(Done done, String processId, Sum sum) {
    if (done.item() instanceof Broken broken) {
      sum.summary.reject(broken.line(), broken.code(), broken.detail());
    } else if (done.item() instanceof Stopped stopped) {
      sum.stopped = stopped; // told at the end: cases before it may still be under way
    } else if (done.item() instanceof Delivery delivery) {
      if (done.reply() instanceof ProcessCase.Taken taken) {
        sum.summary.accept(taken.accepted()).unchanged(taken.unchanged());
        sum.events += delivery.events().size();
        sum.cases.add(EventIdentity.digest(delivery.caseId()));
        written(sum.lastWritten, processId, delivery.caseId(), taken.seqNr());
      } else if (done.reply() instanceof ProcessCase.Rejected rejected) {
        delivery
            .lines()
            .forEach(line -> sum.summary.reject(line, rejected.code(), rejected.sentence()));
      }
    }
  }

  private static void written(
      Map<String, Long> lastWritten, String processId, String caseId, long seqNr) {
    String id = persistenceId(processId, caseId);
    lastWritten.remove(id);
    lastWritten.put(id, seqNr);
    if (lastWritten.size() > WAITED_FOR) {
      lastWritten.remove(lastWritten.keySet().iterator().next());
    }
  }

  static String persistenceId(String processId, String caseId) {
    return ProcessCase.KEY.name() + "|" + ProcessCase.idOf(processId, caseId);
  }

  private static void tell(Stopped stopped, BulkSummary summary) {
    if (summary.lines() == 0) {
      throw Problems.of(stopped.code(), stopped.detail() + " (line " + stopped.line() + ")")
          .refuse();
    }
    summary.reject(
        stopped.line(), stopped.code(), stopped.detail() + " Nothing behind this line was read.");
  }

  private CompletionStage<HttpResponse> answer(Sum sum) {
    if (sum.stopped != null) {
      tell(sum.stopped, sum.summary);
    }
    ObjectNode json = sum.summary.toJson();
    json.put("cases", sum.cases.size()).put("events", sum.events);
    HttpResponse answer = Answers.ok(json);
    if (sum.lastWritten.isEmpty()) {
      return CompletableFuture.completedStage(answer);
    }
    HttpResponse withPosition =
        sum.lastWritten.size() <= ReadPosition.MAX_ENTRIES
            ? Answers.withPosition(answer, new ReadPosition(sum.lastWritten))
            : answer;
    return Stages.map(wait.await(sum.lastWritten, SETTLE), ready -> withPosition);
  }

  /** Why bytes did not come, as the caller's to know: a refusal of the body, or a broken one. */
  private static Throwable problemIn(IOException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProblemException problem) {
        return problem;
      }
    }
    return Problems.of("body-broken", "The body can't be read: " + failure.getMessage()).refuse();
  }
}
