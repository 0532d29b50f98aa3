package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a run did, as somebody outside sees it: its tasks, and what it asked, told and emitted.
 *
 * @param ends where it stands at last
 * @param steps what happened to its tasks, in order
 * @param tasks titles of what was asked of people
 * @param calls method and address of what was called
 * @param notifications what people were told
 * @param events what it emitted
 * @param output once it is completed
 * @param error once it is faulted
 */
public record Account(
    Ends ends,
    List<Line> steps,
    List<String> tasks,
    List<String> calls,
    List<Notification> notifications,
    List<EmittedEvent> events,
    @Nullable JsonNode output,
    @Nullable WorkflowError error) {

  /** Where a run stands at last; one that has not ended waits. */
  public enum Ends {
    COMPLETED,
    FAULTED,
    WAITING
  }

  /** Something happened to a task: started, completed, faulted. */
  public record Line(String name, String event, Instant at) {

    String words() {
      return "'" + name + "' " + event;
    }
  }

  /** A step and when it was taken. */
  record Taken(Step step, Instant at) {}

  static Account of(List<Taken> taken, Execution execution) {
    return new Account(
        switch (execution.status()) {
          case COMPLETED -> Ends.COMPLETED;
          case FAULTED -> Ends.FAULTED;
          case PENDING, RUNNING -> Ends.WAITING;
        },
        taken.stream()
            .flatMap(
                each ->
                    each.step().history().stream()
                        .map(
                            entry ->
                                new Line(
                                    entry.name(),
                                    entry.event().name().toLowerCase(Locale.ROOT),
                                    each.at())))
            .toList(),
        of(taken, Step.HumanTaskRequested.class, asked -> asked.task().title()),
        of(
            taken,
            Step.CallRequested.class,
            called -> called.call().method() + " " + called.call().endpoint()),
        of(taken, Step.NotificationRequested.class, Step.NotificationRequested::notification),
        of(taken, Step.EventEmitted.class, Step.EventEmitted::event),
        execution.output(),
        execution.error().orElse(null));
  }

  private static <S extends Step, T> List<T> of(
      List<Taken> taken, Class<S> kind, Function<S, T> what) {
    return taken.stream()
        .map(Taken::step)
        .filter(kind::isInstance)
        .map(kind::cast)
        .map(what)
        .toList();
  }

  /** In sentences, how another account differs from this one; empty when it does not. */
  List<String> differences(Account other) {
    List<String> found = new ArrayList<>();
    if (ends != other.ends) {
      found.add("It is %s and would be %s.".formatted(ends, other.ends));
    }
    differ(found, "step", words(steps, Line::words), words(other.steps, Line::words));
    differ(found, "task", tasks, other.tasks);
    differ(found, "call", calls, other.calls);
    differ(
        found,
        "notification",
        words(notifications, Account::words),
        words(other.notifications, Account::words));
    differ(found, "event", words(events, Account::words), words(other.events, Account::words));
    if (!Objects.equals(output, other.output)) {
      found.add("Its output is %s and would be %s.".formatted(output, other.output));
    }
    if (!Objects.equals(words(error), words(other.error))) {
      found.add("Its error is %s and would be %s.".formatted(words(error), words(other.error)));
    }
    return found;
  }

  /** Tells the first place at which two lists part. */
  private static void differ(
      List<String> found, String what, List<String> was, List<String> would) {
    int parted =
        IntStream.range(0, Math.max(was.size(), would.size()))
            .filter(i -> !at(was, i).equals(at(would, i)))
            .findFirst()
            .orElse(-1);
    if (parted >= 0) {
      found.add(
          "From %s %d on: it was %s and would be %s."
              .formatted(what, parted + 1, at(was, parted), at(would, parted)));
    }
  }

  private static String at(List<String> list, int index) {
    return index < list.size() ? list.get(index) : "none";
  }

  private static <T> List<String> words(List<T> list, Function<T, String> words) {
    return list.stream().map(words).toList();
  }

  private static String words(Notification sent) {
    return "%s to %s: %s %s".formatted(sent.channel(), sent.to(), sent.subject(), sent.message());
  }

  /** Without its id and its time, which belong to the run. */
  private static String words(EmittedEvent event) {
    return "%s of %s with %s".formatted(event.type(), event.subject(), event.data());
  }

  private static String words(@Nullable WorkflowError error) {
    return error == null ? "none" : error.type() + ": " + error.detail();
  }
}
