package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.workflow.TaskDefinition.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The arguments ({@code with}) of the functions this engine adds to the DSL: what may stand in a
 * definition, and what becomes of them when every expression has its value.
 */
final class CustomFunctions {

  /** The one argument that is no template: expressions in a form are the form's own text. */
  private static final String FORM = "form";

  private static final Map<Kind, Set<String>> ARGUMENTS =
      Map.of(
          Kind.HUMAN_TASK,
          Set.of(
              "title",
              "description",
              FORM,
              "candidates",
              "assignee",
              "priority",
              "dueAfter",
              "followUpAfter"),
          Kind.NOTIFY,
          Set.of("channel", "to", "subject", "message"),
          Kind.READ_KPI,
          Set.of("kpi"));

  private static final Map<Kind, List<String>> REQUIRED =
      Map.of(
          Kind.HUMAN_TASK, List.of("title"),
          Kind.NOTIFY, List.of("channel", "message"),
          Kind.READ_KPI, List.of("kpi"));

  private static final Set<String> CANDIDATES = Set.of("role", "unit", "users", "managerOf");

  private CustomFunctions() {}

  /** The part of the arguments whose expressions are to be resolved. */
  static JsonNode templateOf(JsonNode with) {
    if (!with.has(FORM)) {
      return with;
    }
    ObjectNode template = with.deepCopy();
    template.remove(FORM);
    return template;
  }

  /** What is wrong with arguments as a definition has them, the pointers being into them. */
  static List<Problem> problems(Kind function, JsonNode with) {
    List<Problem> problems = new ArrayList<>();
    Set<String> known = ARGUMENTS.get(function);
    with.fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                problems.add(
                    new Problem(
                        "/" + name,
                        "'" + name + "' is no argument; there are: " + sorted(known) + "."));
              }
            });
    for (String name : REQUIRED.get(function)) {
      if (!with.has(name)) {
        problems.add(new Problem("", "The argument '" + name + "' is missing."));
      }
    }
    if (with.has(FORM)) {
      JsonSchemas.problemsOfSchema(with.get(FORM))
          .forEach(each -> problems.add(new Problem("/" + FORM + each.pointer(), each.detail())));
    }
    // Literal arguments are tried now, so that a typing error shows before anybody waits for it.
    for (String name : known) {
      JsonNode value = with.path(name);
      if (!value.isMissingNode() && !name.equals(FORM) && isLiteral(value)) {
        checkLiteral(name, value)
            .ifPresent(detail -> problems.add(new Problem("/" + name, detail)));
      }
    }
    return problems;
  }

  private static boolean isLiteral(JsonNode value) {
    if (value.isTextual()) {
      return !Expressions.isExpression(value.textValue());
    }
    for (JsonNode part : value) {
      if (!isLiteral(part)) {
        return false;
      }
    }
    return true;
  }

  private static Optional<String> checkLiteral(String name, JsonNode value) {
    try {
      switch (name) {
        case "candidates" -> candidates(value);
        case "priority" -> choice(HumanTask.Priority.class, name, value);
        case "channel" -> choice(Channel.class, name, value);
        case "dueAfter", "followUpAfter" -> Durations.read(value);
        case "to" -> texts(name, value);
        default -> text(name, value);
      }
      return Optional.empty();
    } catch (Fault e) {
      return Optional.ofNullable(e.error().detail());
    } catch (IllegalArgumentException e) {
      return Optional.ofNullable(e.getMessage());
    }
  }

  /**
   * The task to ask for.
   *
   * @param with arguments with every expression resolved
   * @param form the form as the definition has it
   */
  static HumanTask humanTask(JsonNode with, @Nullable JsonNode form, Instant now) {
    return new HumanTask(
        text("title", with.path("title")),
        optionalText("description", with.path("description")),
        form,
        candidates(with.path("candidates")),
        optionalText("assignee", with.path("assignee")),
        absent(with.path("priority"))
            ? HumanTask.Priority.MEDIUM
            : choice(HumanTask.Priority.class, "priority", with.path("priority")),
        after(with.path("dueAfter"), now),
        after(with.path("followUpAfter"), now));
  }

  static Notification notification(JsonNode with) {
    return new Notification(
        choice(Channel.class, "channel", with.path("channel")),
        texts("to", with.path("to")),
        optionalText("subject", with.path("subject")),
        text("message", with.path("message")));
  }

  static String kpi(JsonNode with) {
    return text("kpi", with.path("kpi"));
  }

  private static HumanTask.Candidates candidates(JsonNode value) {
    if (!absent(value) && !value.isObject()) {
      throw bad("candidates", "an object of " + sorted(CANDIDATES), value);
    }
    value
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!CANDIDATES.contains(name)) {
                throw bad("candidates", "an object of " + sorted(CANDIDATES), value);
              }
            });
    return new HumanTask.Candidates(
        optionalText("candidates.role", value.path("role")),
        optionalText("candidates.unit", value.path("unit")),
        texts("candidates.users", value.path("users")),
        optionalText("candidates.managerOf", value.path("managerOf")));
  }

  private static @Nullable Instant after(JsonNode duration, Instant now) {
    if (absent(duration)) {
      return null;
    }
    try {
      return now.plus(Durations.read(duration));
    } catch (IllegalArgumentException e) {
      throw new Fault(WorkflowError.validation(String.valueOf(e.getMessage())));
    }
  }

  private static <E extends Enum<E>> E choice(Class<E> type, String name, JsonNode value) {
    for (E constant : type.getEnumConstants()) {
      if (value.isTextual() && constant.name().toLowerCase(Locale.ROOT).equals(value.textValue())) {
        return constant;
      }
    }
    List<String> choices = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      choices.add(constant.name().toLowerCase(Locale.ROOT));
    }
    throw bad(name, "one of " + String.join(", ", choices), value);
  }

  private static String text(String name, JsonNode value) {
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw bad(name, "some text", value);
    }
    return value.textValue();
  }

  private static @Nullable String optionalText(String name, JsonNode value) {
    return absent(value) ? null : text(name, value);
  }

  private static List<String> texts(String name, JsonNode value) {
    if (absent(value)) {
      return List.of();
    }
    if (value.isTextual()) {
      return List.of(text(name, value));
    }
    if (!value.isArray()) {
      throw bad(name, "some text or a list of it", value);
    }
    List<String> texts = new ArrayList<>();
    value.forEach(each -> texts.add(text(name, each)));
    return texts;
  }

  private static boolean absent(JsonNode value) {
    return value.isMissingNode() || value.isNull();
  }

  private static Fault bad(String name, String expected, JsonNode found) {
    return new Fault(
        WorkflowError.validation(
            "Expected '"
                + name
                + "' to be "
                + expected
                + ", but found "
                + (found.isMissingNode() ? "nothing" : found.toString())
                + "."));
  }

  private static String sorted(Set<String> names) {
    return String.join(", ", names.stream().sorted().toList());
  }
}
