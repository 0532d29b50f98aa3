package io.twinloop.domain.workflow;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.Schema;
import io.twinloop.domain.workflow.TaskDefinition.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a definition and refuses, with a place and a sentence each, what is malformed, what leads
 * nowhere and what this engine does not do.
 */
final class DefinitionReader {

  private static final int LONGEST_SOURCE = 1 << 20;
  private static final int MOST_PROBLEMS = 100;
  private static final Set<String> TOP_LEVEL =
      Set.of("document", "input", "use", "do", "timeout", "output", "schedule", "evaluate");

  /** What makes a task one of a kind, those first that also use the word of another. */
  private static final List<String> KEYWORDS =
      List.of(
          "for", "fork", "listen", "run", "try", "call", "set", "switch", "wait", "raise", "emit",
          "do");

  private static final String SUPPORTED =
      "do, set, switch, try, wait, raise, emit, run workflow, call http, call humanTask, call notify"
          + " and call readKpi";

  private static final Map<String, String> NOT_SUPPORTED =
      Map.of(
          "for", "Loops by 'for' are not supported",
          "fork", "Branches by 'fork' are not supported",
          "listen", "Waiting for events by 'listen' is not supported",
          "run", "Running containers, scripts or shell commands is not supported");

  private static final Map<String, Kind> FUNCTIONS =
      Map.of(
          "http", Kind.CALL_HTTP,
          "humanTask", Kind.HUMAN_TASK,
          "notify", Kind.NOTIFY,
          "readKpi", Kind.READ_KPI);

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final ObjectMapper YAML =
      YAMLMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final JsonNode document;
  private final List<Problem> problems = new ArrayList<>();
  private final Map<String, TaskDefinition> tasks = new HashMap<>();
  private final Map<String, Schema> schemas = new HashMap<>();
  private final Expressions expressions = new Expressions();

  private DefinitionReader(JsonNode document) {
    this.document = document;
  }

  static Parsed read(String source) {
    if (source.length() > LONGEST_SOURCE) {
      return refused(
          "A definition has at most 1 MiB, but this one has " + source.length() + " characters.");
    }
    JsonNode document;
    try {
      document = (source.stripLeading().startsWith("{") ? JSON : YAML).readTree(source);
    } catch (JacksonException e) {
      return refused("The definition is neither YAML nor JSON: " + whereAndWhy(e));
    }
    if (document == null || !document.isObject()) {
      return refused("A definition is an object with 'document' and 'do', but this is none.");
    }
    return new DefinitionReader(document).read();
  }

  private static Parsed refused(String detail) {
    return new Parsed.Invalid(List.of(new Problem("", detail)));
  }

  private static String whereAndWhy(JacksonException e) {
    String why = e.getOriginalMessage().lines().findFirst().orElse("unreadable");
    return e.getLocation() == null
        ? why
        : "line "
            + e.getLocation().getLineNr()
            + ", column "
            + e.getLocation().getColumnNr()
            + ": "
            + why;
  }

  private Parsed read() {
    refuseUnsupportedParts();
    problems.addAll(DslSchema.problemsOfDocument(document));
    if (document.path("do").isArray()) {
      readInput("/input", document.path("input"));
      readOutput("/output", document.path("output"));
      readTimeout("/timeout", document.path("timeout"));
      readComponents();
      String body = readList("/do", document.path("do"));
      if (problems.isEmpty()) {
        return new Parsed.Valid(new WorkflowModel(document, body, tasks, schemas, expressions));
      }
    }
    return new Parsed.Invalid(problems.stream().distinct().limit(MOST_PROBLEMS).toList());
  }

  private void refuseUnsupportedParts() {
    document
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!TOP_LEVEL.contains(name)) {
                problem("/" + escaped(name), "'" + name + "' is no part of a workflow definition.");
              }
            });
    String dsl = document.at("/document/dsl").asText();
    if (!dsl.isEmpty() && !dsl.startsWith("1.0.")) {
      problem("/document/dsl", "Only versions 1.0.x of the DSL are supported, not '" + dsl + "'.");
    }
    refuseIfPresent("/schedule", "Schedules are not supported; start the workflow from outside.");
    refuseIfPresent(
        "/use/functions",
        "Functions of one's own are not supported; there are: " + SUPPORTED + ".");
    refuseIfPresent("/use/extensions", "Extensions are not supported.");
    refuseIfPresent("/use/catalogs", "Catalogs are not supported.");
    JsonNode evaluate = document.path("evaluate");
    if (!evaluate.path("language").asText("jq").equals("jq")
        || !evaluate.path("mode").asText("strict").equals("strict")) {
      problem("/evaluate", "Expressions are jq in strict mode; nothing else is supported.");
    }
  }

  private void refuseIfPresent(String pointer, String sentence) {
    JsonNode part = document.at(pointer);
    if (!part.isMissingNode() && !(part.isContainerNode() && part.isEmpty())) {
      problem(pointer, sentence);
    }
  }

  private void readComponents() {
    JsonNode use = document.path("use");
    for (int i = 0; i < use.path("secrets").size(); i++) {
      JsonNode name = use.path("secrets").get(i);
      if (!SecretRef.isName(name.asText())) {
        problem(
            "/use/secrets/" + i,
            "Expected a name of letters, digits, dots, dashes and underscores, a letter first, not "
                + brief(name));
      }
    }
    use.path("retries")
        .properties()
        .forEach(retry -> readRetry("/use/retries/" + escaped(retry.getKey()), retry.getValue()));
    use.path("timeouts")
        .properties()
        .forEach(
            timeout ->
                readTimeout("/use/timeouts/" + escaped(timeout.getKey()), timeout.getValue()));
    use.path("errors")
        .properties()
        .forEach(error -> readTemplate("/use/errors/" + escaped(error.getKey()), error.getValue()));
    use.path("authentications")
        .properties()
        .forEach(
            policy ->
                readAuthentication(
                    "/use/authentications/" + escaped(policy.getKey()), policy.getValue()));
  }

  // Tasks

  /** Reads a list of tasks and answers the position of its first, or exit when it is empty. */
  private String readList(String pointer, JsonNode list) {
    Map<String, String> siblings = new LinkedHashMap<>();
    Set<String> ambiguous = new HashSet<>();
    List<String> positions = new ArrayList<>();
    List<JsonNode> sound = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      JsonNode item = list.get(i);
      if (!item.isObject() || item.size() != 1) {
        problem(
            pointer + "/" + i,
            "A list of tasks has one named task per item, but this is " + brief(item));
        continue;
      }
      String name = item.fieldNames().next();
      String position = pointer + "/" + i + "/" + escaped(name);
      if (siblings.putIfAbsent(name, position) != null) {
        ambiguous.add(name);
      }
      positions.add(position);
      sound.add(item);
    }
    for (int i = 0; i < sound.size(); i++) {
      String name = sound.get(i).fieldNames().next();
      String successor = i + 1 < positions.size() ? positions.get(i + 1) : Flow.EXIT;
      readTask(
          positions.get(i),
          name,
          sound.get(i).get(name),
          new Place(siblings, ambiguous, successor));
    }
    return positions.isEmpty() ? Flow.EXIT : positions.get(0);
  }

  /** What a task sees of the list it stands in. */
  private record Place(Map<String, String> siblings, Set<String> ambiguous, String successor) {}

  private void readTask(String position, String name, JsonNode task, Place place) {
    String keyword = KEYWORDS.stream().filter(task::has).findFirst().orElse(null);
    if (keyword == null) {
      problem(position, "A task is one of " + SUPPORTED + ", but this is " + brief(task));
      return;
    }
    if (NOT_SUPPORTED.containsKey(keyword) && !task.path("run").has("workflow")) {
      problem(
          position + "/" + keyword, NOT_SUPPORTED.get(keyword) + "; there are: " + SUPPORTED + ".");
      return;
    }
    Kind kind = keyword.equals("call") ? functionOf(position, task) : kindOf(keyword);
    if (kind == null) {
      return;
    }
    List<Problem> malformed = DslSchema.problemsOfTask(keyword, task);
    malformed.forEach(each -> problem(position + each.pointer(), each.detail()));
    readCommon(position, task, place);
    String body = null;
    String handler = null;
    if (malformed.isEmpty()) {
      switch (kind) {
        case DO -> body = readList(position + "/do", task.get("do"));
        case SET -> readSet(position + "/set", task.get("set"));
        case SWITCH -> readSwitch(position + "/switch", task.get("switch"), place);
        case TRY -> {
          body = readList(position + "/try", task.get("try"));
          readCatch(position + "/catch", task.get("catch"));
          if (task.get("catch").has("do")) {
            handler = readList(position + "/catch/do", task.get("catch").get("do"));
          }
        }
        case WAIT -> readDuration(position + "/wait", task.get("wait"));
        case RAISE -> readRaise(position + "/raise/error", task.at("/raise/error"));
        case EMIT -> readEmit(position + "/emit/event/with", task.at("/emit/event/with"));
        case CALL_HTTP -> readHttp(position + "/with", task.get("with"));
        case RUN_WORKFLOW -> readRun(position + "/run", task.get("run"));
        case HUMAN_TASK, NOTIFY, READ_KPI -> {
          readTemplate(position + "/with", CustomFunctions.templateOf(task.path("with")));
          CustomFunctions.problems(kind, task.path("with"))
              .forEach(each -> problem(position + "/with" + each.pointer(), each.detail()));
        }
      }
    }
    tasks.put(
        position,
        new TaskDefinition(
            position, name, kind, task, place.siblings(), place.successor(), body, handler));
  }

  private static Kind kindOf(String keyword) {
    return switch (keyword) {
      case "do" -> Kind.DO;
      case "set" -> Kind.SET;
      case "switch" -> Kind.SWITCH;
      case "try" -> Kind.TRY;
      case "wait" -> Kind.WAIT;
      case "raise" -> Kind.RAISE;
      case "emit" -> Kind.EMIT;
      case "run" -> Kind.RUN_WORKFLOW;
      default -> throw new IllegalArgumentException("No kind of task is called '" + keyword + "'.");
    };
  }

  private @Nullable Kind functionOf(String position, JsonNode task) {
    String function = task.path("call").asText();
    Kind kind = FUNCTIONS.get(function);
    if (kind == null) {
      problem(
          position + "/call",
          "Calling '" + function + "' is not supported; there are: " + SUPPORTED + ".");
    }
    return kind;
  }

  private void readCommon(String position, JsonNode task, Place place) {
    readExpression(position + "/if", task.path("if"));
    readInput(position + "/input", task.path("input"));
    readOutput(position + "/output", task.path("output"));
    readOutput(position + "/export", task.path("export"));
    readTimeout(position + "/timeout", task.path("timeout"));
    readDirective(position + "/then", task.path("then"), place);
  }

  private void readSet(String pointer, JsonNode set) {
    if (set.isTextual() && !Expressions.isExpression(set.textValue())) {
      problem(
          pointer, "What is set is an object or an expression ${ … }, but this is " + brief(set));
    }
    readTemplate(pointer, set);
  }

  private void readSwitch(String pointer, JsonNode cases, Place place) {
    boolean hasDefault = false;
    for (int i = 0; i < cases.size(); i++) {
      Map.Entry<String, JsonNode> named = cases.get(i).properties().iterator().next();
      String position = pointer + "/" + i + "/" + escaped(named.getKey());
      JsonNode when = named.getValue().path("when");
      if (when.isMissingNode() && hasDefault) {
        problem(position, "A switch has one case without 'when', but this is the second.");
      }
      hasDefault |= when.isMissingNode();
      readExpression(position + "/when", when);
      readDirective(position + "/then", named.getValue().path("then"), place);
    }
  }

  private void readCatch(String pointer, JsonNode clause) {
    readExpression(pointer + "/when", clause.path("when"));
    readExpression(pointer + "/exceptWhen", clause.path("exceptWhen"));
    JsonNode retry = clause.path("retry");
    if (retry.isTextual()) {
      readReference(pointer + "/retry", "retries", retry);
    } else {
      readRetry(pointer + "/retry", retry);
    }
  }

  private void readRetry(String pointer, JsonNode retry) {
    readExpression(pointer + "/when", retry.path("when"));
    readExpression(pointer + "/exceptWhen", retry.path("exceptWhen"));
    readDuration(pointer + "/delay", retry.path("delay"));
    readDuration(pointer + "/limit/duration", retry.at("/limit/duration"));
    readDuration(pointer + "/jitter/from", retry.at("/jitter/from"));
    readDuration(pointer + "/jitter/to", retry.at("/jitter/to"));
    if (retry.at("/limit/attempt").has("duration")) {
      problem(
          pointer + "/limit/attempt/duration",
          "A time limit for one attempt is not supported; put a timeout on the tasks tried.");
    }
    retry
        .path("backoff")
        .properties()
        .forEach(
            backoff -> {
              if (!backoff.getValue().isEmpty()) {
                problem(
                    pointer + "/backoff/" + escaped(backoff.getKey()),
                    "The DSL knows no settings of a back-off, but this is "
                        + brief(backoff.getValue()));
              }
            });
  }

  private void readRaise(String pointer, JsonNode error) {
    if (error.isTextual()) {
      readReference(pointer, "errors", error);
    } else {
      readTemplate(pointer, error);
    }
  }

  private void readEmit(String pointer, JsonNode with) {
    readTemplate(pointer, with);
    with.fieldNames()
        .forEachRemaining(
            name -> {
              if (!name.matches("[a-z0-9]{1,64}")) {
                problem(
                    pointer + "/" + escaped(name),
                    "Attributes of events are named in lower-case letters and digits, but this is '"
                        + name
                        + "'.");
              }
            });
  }

  private void readRun(String pointer, JsonNode run) {
    if (run.path("await").asBoolean(true)) {
      problem(
          pointer + "/await",
          "Waiting for the other workflow is not supported; say 'await: false' to start it and go"
              + " on.");
    }
    readTemplate(pointer + "/workflow", run.path("workflow"));
  }

  private void readHttp(String pointer, JsonNode with) {
    JsonNode policy = with.path("endpoint").path("authentication");
    JsonNode template = HttpRequests.withoutSecrets(with);
    if (!policy.isMissingNode()) {
      template = template.deepCopy();
      ((ObjectNode) template.get("endpoint")).remove("authentication");
    }
    readTemplate(pointer, template);
    HttpRequests.secretHeaders(with.path("headers"))
        .forEach(
            (name, secret) -> readSecret(pointer + "/headers/" + escaped(name), secret.secret()));
    readAuthentication(pointer + "/endpoint/authentication", policy);
  }

  private void readAuthentication(String pointer, JsonNode policy) {
    if (policy.has("use")) {
      readReference(pointer + "/use", "authentications", policy.get("use"));
      return;
    }
    policy
        .properties()
        .forEach(
            scheme -> {
              String at = pointer + "/" + escaped(scheme.getKey());
              boolean known = scheme.getKey().equals("basic") || scheme.getKey().equals("bearer");
              if (known) {
                readCredentials(at, scheme.getValue());
              } else {
                problem(at, "Only basic and bearer authentication are supported.");
              }
            });
  }

  private void readCredentials(String pointer, JsonNode scheme) {
    if (scheme.has("use")) {
      readSecret(pointer + "/use", scheme.get("use").asText());
      return;
    }
    scheme
        .properties()
        .forEach(
            part -> {
              String at = pointer + "/" + escaped(part.getKey());
              SecretRef.of(part.getValue().asText())
                  .ifPresentOrElse(
                      secret -> readSecret(at, secret.secret()),
                      () -> readTemplate(at, part.getValue()));
            });
  }

  private void readSecret(String pointer, String name) {
    for (JsonNode declared : document.at("/use/secrets")) {
      if (declared.asText().equals(name)) {
        return;
      }
    }
    problem(pointer, "There is no secret '" + name + "' under use.secrets.");
  }

  // Parts common to many places

  private void readInput(String pointer, JsonNode input) {
    readSchema(pointer, input.path("schema"));
    readTransformation(pointer + "/from", input.path("from"));
  }

  private void readOutput(String pointer, JsonNode output) {
    readSchema(pointer, output.path("schema"));
    readTransformation(pointer + "/as", output.path("as"));
  }

  private void readSchema(String holder, JsonNode schema) {
    if (schema.isMissingNode()) {
      return;
    }
    String format = schema.path("format").asText("json");
    if (!format.equals("json") && !format.startsWith("json:")) {
      problem(holder + "/schema/format", "Only JSON schemas are supported, not '" + format + "'.");
      return;
    }
    if (!schema.has("document")) {
      problem(
          holder + "/schema",
          "Schemas from elsewhere are not supported; write it inline as 'document'.");
      return;
    }
    List<Problem> wrong = JsonSchemas.problemsOfSchema(schema.get("document"));
    wrong.forEach(each -> problem(holder + "/schema/document" + each.pointer(), each.detail()));
    if (wrong.isEmpty()) {
      schemas.put(holder, JsonSchemas.compile(schema.get("document")));
    }
  }

  private void readTimeout(String pointer, JsonNode timeout) {
    if (timeout.isTextual()) {
      readReference(pointer, "timeouts", timeout);
    } else {
      readDuration(pointer + "/after", timeout.path("after"));
    }
  }

  private void readDuration(String pointer, JsonNode duration) {
    if (duration.isMissingNode()) {
      return;
    }
    if (duration.isTextual() && Expressions.isExpression(duration.textValue())) {
      readExpression(pointer, duration);
      return;
    }
    try {
      Durations.read(duration);
    } catch (IllegalArgumentException e) {
      problem(pointer, String.valueOf(e.getMessage()));
    }
  }

  private void readDirective(String pointer, JsonNode directive, Place place) {
    String target = directive.asText(Flow.CONTINUE);
    boolean keyword =
        target.equals(Flow.CONTINUE) || target.equals(Flow.EXIT) || target.equals(Flow.END);
    if (keyword || !directive.isTextual()) {
      return;
    }
    if (!place.siblings().containsKey(target)) {
      problem(
          pointer,
          "'"
              + target
              + "' is neither continue, exit, end nor a task of the same list: "
              + String.join(", ", place.siblings().keySet())
              + ".");
    } else if (place.ambiguous().contains(target)) {
      problem(pointer, "More than one task of the list is called '" + target + "'.");
    }
  }

  private void readReference(String pointer, String section, JsonNode name) {
    if (!document.path("use").path(section).has(name.asText())) {
      problem(pointer, "'" + name.asText() + "' is not among /use/" + section + ".");
    }
  }

  private void readTransformation(String pointer, JsonNode transformation) {
    if (transformation.isTextual()) {
      readExpression(pointer, transformation);
    } else {
      readTemplate(pointer, transformation);
    }
  }

  private void readTemplate(String pointer, JsonNode template) {
    if (template.isTextual() && Expressions.isExpression(template.textValue())) {
      readExpression(pointer, template);
    } else if (template.isObject()) {
      template
          .properties()
          .forEach(
              field -> readTemplate(pointer + "/" + escaped(field.getKey()), field.getValue()));
    } else if (template.isArray()) {
      for (int i = 0; i < template.size(); i++) {
        readTemplate(pointer + "/" + i, template.get(i));
      }
    }
  }

  private void readExpression(String pointer, JsonNode expression) {
    if (!expression.isTextual()) {
      return;
    }
    if (expression.textValue().contains(SecretRef.VARIABLE)) {
      problem(
          pointer,
          "A secret stands alone, as '${ $secrets.name }', and only as a header or in the"
              + " authentication of a call; anywhere else it would get into history.");
      return;
    }
    expressions.problem(expression.textValue()).ifPresent(why -> problem(pointer, why));
  }

  private void problem(String pointer, String detail) {
    problems.add(new Problem(pointer, detail));
  }

  private static String escaped(String name) {
    return JsonPointer.empty().appendProperty(name).toString().substring(1);
  }

  private static String brief(JsonNode value) {
    String text = value.toString();
    return (text.length() <= 80 ? text : text.substring(0, 80) + "…") + ".";
  }
}
