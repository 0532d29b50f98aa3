package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Optional;

/** What an open task waits for. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Pending.Pause.class, name = "pause"),
  @JsonSubTypes.Type(value = Pending.Retry.class, name = "retry"),
  @JsonSubTypes.Type(value = Pending.Http.class, name = "http"),
  @JsonSubTypes.Type(value = Pending.Kpi.class, name = "kpi"),
  @JsonSubTypes.Type(value = Pending.Child.class, name = "child"),
  @JsonSubTypes.Type(value = Pending.Human.class, name = "human")
})
public sealed interface Pending {

  /** When it ends by itself; empty where only somebody outside can end it. */
  default Optional<Timer> endsBy() {
    return Optional.empty();
  }

  /** The end of a {@code wait}. */
  record Pause(Timer timer) implements Pending {
    @Override
    public Optional<Timer> endsBy() {
      return Optional.of(timer);
    }
  }

  /** The moment to try again. */
  record Retry(Timer timer) implements Pending {
    @Override
    public Optional<Timer> endsBy() {
      return Optional.of(timer);
    }
  }

  /** The answer of an HTTP call. */
  record Http(HttpCall call) implements Pending {}

  /** The current value of a KPI. */
  record Kpi(String kpiId) implements Pending {}

  /** That another workflow has begun. */
  record Child(ChildWorkflow workflow) implements Pending {}

  /** A person. */
  record Human(HumanTask task) implements Pending {}
}
