package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes requests of {@code call: http} tasks, and outputs or errors of their answers. */
final class HttpRequests {

  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
  private static final Pattern TEMPLATE_VARIABLE = Pattern.compile("\\{([^{}]*)}");
  private static final int LONGEST_EXCERPT = 300;

  private HttpRequests() {}

  /**
   * The request of a task.
   *
   * @param with arguments as the definition has them
   * @param input the task's input, from which URI templates take their values
   * @param resolve gives a part of the arguments its value
   */
  static HttpCall request(
      WorkflowModel model,
      JsonNode with,
      JsonNode input,
      @Nullable Duration timeout,
      UnaryOperator<JsonNode> resolve) {
    JsonNode endpoint = with.get("endpoint");
    JsonNode template = endpoint.isObject() ? endpoint.get("uri") : endpoint;
    String uri =
        Expressions.isExpression(template.asText())
            ? text("endpoint", resolve.apply(template))
            : expand(template.asText(), input);
    JsonNode body = with.has("body") ? resolve.apply(with.get("body")) : null;
    Map<String, SecretRef> secretHeaders = secretHeaders(with.path("headers"));
    Map<String, String> headers = fields("headers", withoutSecrets(with), resolve);
    headers.forEach(HttpRequests::checkHeader);
    secretHeaders.keySet().forEach(name -> checkHeader(name, ""));
    return new HttpCall(
        method(with.path("method").asText()),
        absolute(uri),
        headers,
        fields("query", with, resolve),
        body,
        HttpCall.Output.valueOf(with.path("output").asText("content").toUpperCase(Locale.ROOT)),
        with.path("redirect").asBoolean(false),
        timeout,
        authentication(model, endpoint.path("authentication"), resolve),
        secretHeaders.isEmpty() ? null : secretHeaders);
  }

  /** The header fields that stand for a secret. */
  static Map<String, SecretRef> secretHeaders(JsonNode headers) {
    Map<String, SecretRef> secrets = new LinkedHashMap<>();
    headers
        .properties()
        .forEach(
            field ->
                SecretRef.of(field.getValue().asText())
                    .ifPresent(secret -> secrets.put(field.getKey(), secret)));
    return secrets;
  }

  /** The arguments with only those header fields that have a value of their own. */
  static JsonNode withoutSecrets(JsonNode with) {
    Map<String, SecretRef> secrets = secretHeaders(with.path("headers"));
    if (secrets.isEmpty()) {
      return with;
    }
    ObjectNode rest = with.deepCopy();
    ((ObjectNode) rest.get("headers")).remove(secrets.keySet());
    return rest;
  }

  /** What a task makes of an answer; throws a {@link Fault} when the status is an error. */
  static JsonNode output(HttpCall call, Signal.CallAnswered answer) {
    int status = answer.status();
    if (status < 200 || status > (call.redirect() ? 399 : 299)) {
      String excerpt =
          answer.content().isTextual() ? answer.content().textValue() : answer.content().toString();
      throw new Fault(
          WorkflowError.communication(
              status,
              "The other side answered " + status,
              call.method()
                  + " "
                  + call.endpoint()
                  + " was answered with status "
                  + status
                  + (answer.content().isNull() ? "" : ": " + brief(excerpt))));
    }
    if (call.output() != HttpCall.Output.RESPONSE) {
      return answer.content();
    }
    ObjectNode response = JsonNodeFactory.instance.objectNode();
    ObjectNode request = response.putObject("request");
    request.put("method", call.method().toLowerCase(Locale.ROOT));
    request.put("uri", call.uri().toString());
    ObjectNode sent = request.putObject("headers");
    call.headers().forEach(sent::put);
    response.put("statusCode", status);
    ObjectNode headers = response.putObject("headers");
    answer.headers().forEach(headers::put);
    response.set("content", answer.content());
    return response;
  }

  /** Simple string expansion of RFC 6570 with the top-level values of the input. */
  private static String expand(String template, JsonNode input) {
    Matcher variables = TEMPLATE_VARIABLE.matcher(template);
    StringBuilder expanded = new StringBuilder();
    while (variables.find()) {
      JsonNode value = input.path(variables.group(1));
      if (value.isContainerNode()) {
        throw new Fault(
            WorkflowError.expression(
                "The URI template "
                    + template
                    + " needs a simple value for '"
                    + variables.group(1)
                    + "', but found "
                    + brief(value.toString())));
      }
      String text = value.isMissingNode() || value.isNull() ? "" : value.asText();
      variables.appendReplacement(expanded, Matcher.quoteReplacement(HttpCall.encoded(text)));
    }
    return variables.appendTail(expanded).toString();
  }

  private static URI absolute(String text) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (java.net.URISyntaxException e) {
      throw notCallable(text);
    }
    boolean http =
        "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
    if (!http || uri.getHost() == null) {
      throw notCallable(text);
    }
    return uri;
  }

  private static Fault notCallable(String uri) {
    return new Fault(
        WorkflowError.configuration(
            "Expected an endpoint such as https://host/path, but found '" + brief(uri) + "'."));
  }

  private static String method(String method) {
    if (!TOKEN.matcher(method).matches()) {
      throw new Fault(
          WorkflowError.configuration(
              "Expected an HTTP method, but found '" + brief(method) + "'."));
    }
    return method.toUpperCase(Locale.ROOT);
  }

  private static Map<String, String> fields(
      String name, JsonNode with, UnaryOperator<JsonNode> resolve) {
    Map<String, String> fields = new LinkedHashMap<>();
    if (!with.has(name)) {
      return fields;
    }
    JsonNode resolved = resolve.apply(with.get(name));
    if (!resolved.isObject()) {
      throw new Fault(
          WorkflowError.validation(
              "Expected '" + name + "' to be an object, but found " + brief(resolved.toString())));
    }
    resolved
        .properties()
        .forEach(
            field -> {
              if (!field.getValue().isNull()) {
                fields.put(field.getKey(), text(name + "." + field.getKey(), field.getValue()));
              }
            });
    return fields;
  }

  private static void checkHeader(String name, String value) {
    boolean oneLine = value.chars().noneMatch(c -> c == '\r' || c == '\n' || c == 0);
    if (!TOKEN.matcher(name).matches() || !oneLine) {
      throw new Fault(
          WorkflowError.validation("'" + brief(name) + "' is no header field HTTP can carry."));
    }
  }

  private static HttpCall.@Nullable Authentication authentication(
      WorkflowModel model, JsonNode declared, UnaryOperator<JsonNode> resolve) {
    if (declared.isMissingNode()) {
      return null;
    }
    JsonNode policy =
        declared.has("use") ? model.component("authentications", declared.get("use")) : declared;
    if (policy.has("basic")) {
      JsonNode basic = policy.get("basic");
      return new HttpCall.Basic(
          credential("username", basic, "username", resolve),
          credential("password", basic, "password", resolve));
    }
    return new HttpCall.Bearer(credential("token", policy.path("bearer"), null, resolve));
  }

  /**
   * A part of a policy: its own value, or a secret. A policy that uses one secret finds its parts
   * in the fields of that.
   *
   * @param field of the secret, null for the secret as it is
   */
  private static Credential credential(
      String name, JsonNode scheme, @Nullable String field, UnaryOperator<JsonNode> resolve) {
    if (scheme.has("use")) {
      return Credential.of(new SecretRef(scheme.get("use").asText(), field));
    }
    JsonNode template = scheme.path(name);
    return SecretRef.of(template.asText())
        .map(Credential::of)
        .orElseGet(() -> Credential.of(text(name, resolve.apply(template))));
  }

  private static String text(String name, JsonNode value) {
    if (!value.isValueNode() || value.isNull()) {
      throw new Fault(
          WorkflowError.validation(
              "Expected '" + name + "' to be text, but found " + brief(value.toString())));
    }
    return value.asText();
  }

  private static String brief(String text) {
    return text.length() <= LONGEST_EXCERPT ? text : text.substring(0, LONGEST_EXCERPT) + "…";
  }
}
