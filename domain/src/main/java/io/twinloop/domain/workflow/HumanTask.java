package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Work a workflow asks of a person.
 *
 * @param title one line
 * @param description more about it, null when there is none
 * @param form JSON schema the completion must satisfy; null when anything may be submitted
 * @param candidates who may claim it
 * @param assignee who has it from the start, null when it is to be claimed
 * @param priority how soon it matters
 * @param dueAt when it should be done, null for no due time
 * @param followUpAt when to look after it, null for no such time
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HumanTask(
    String title,
    @Nullable String description,
    @Nullable JsonNode form,
    Candidates candidates,
    @Nullable String assignee,
    Priority priority,
    @Nullable Instant dueAt,
    @Nullable Instant followUpAt) {

  /** As the event catalogue means it: act within 1 minute, 15 minutes, 1 hour, or just know. */
  public enum Priority {
    CRITICAL,
    HIGH,
    MEDIUM,
    LOW
  }

  /**
   * Who may claim a task; all that is given counts, nothing given means everybody.
   *
   * @param role holders of this role
   * @param unit members of this organisation unit
   * @param users these people
   * @param managerOf the manager of this person or unit
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Candidates(
      @Nullable String role,
      @Nullable String unit,
      List<String> users,
      @Nullable String managerOf) {
    public Candidates {
      users = users == null ? List.of() : List.copyOf(users);
    }
  }

  /** What is wrong with a completion, by the form; empty when it may be taken. */
  public List<Problem> problems(JsonNode data) {
    return problems(form, data);
  }

  /** Likewise, by a form alone. */
  public static List<Problem> problems(@Nullable JsonNode form, JsonNode data) {
    return form == null ? List.of() : JsonSchemas.problems(form, data);
  }
}
