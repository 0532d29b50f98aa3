package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import net.thisptr.jackson.jq.BuiltinFunctionLoader;
import net.thisptr.jackson.jq.Function;
import net.thisptr.jackson.jq.JsonQuery;
import net.thisptr.jackson.jq.Output;
import net.thisptr.jackson.jq.Scope;
import net.thisptr.jackson.jq.Version;
import net.thisptr.jackson.jq.Versions;
import net.thisptr.jackson.jq.exception.JsonQueryException;
import org.jspecify.annotations.Nullable;

/**
 * Runtime expressions of one definition: jq, strict mode. In data an expression is a string wholly
 * enclosed in <code>${ … }</code>; where the DSL always expects an expression (conditions, {@code
 * from}, {@code as}) the enclosure may be left out.
 *
 * <p>An expression without a result is null, one with several results is the array of them. What
 * depends on more than its arguments is taken away: {@code now} is the instant given, the
 * environment is unknown. Numbers JSON can't say become null (not a number) or the largest double.
 */
final class Expressions {

  private static final Version JQ = Versions.JQ_1_7;
  private static final Scope BUILT_IN = builtIn();

  /** One expression may count this far by {@code range}, all of its ranges together. */
  private static final int LONGEST_RANGE = 1_000_000;

  private static final int LONGEST_QUOTE = 200;

  private final Map<String, JsonQuery> compiled = new ConcurrentHashMap<>();

  /**
   * The values an expression may name.
   *
   * @param values by name without the dollar sign, computed when used
   * @param now what the function {@code now} answers
   */
  record Arguments(Map<String, Supplier<JsonNode>> values, Instant now) {}

  /** True when this string of a definition stands for a value computed at run time. */
  static boolean isExpression(String text) {
    String bare = text.strip();
    return bare.startsWith("${") && bare.endsWith("}");
  }

  /** Why an expression can't be compiled, if so. */
  Optional<String> problem(String expression) {
    try {
      compile(expression);
      return Optional.empty();
    } catch (Fault e) {
      return Optional.of(String.valueOf(e.error().detail()));
    }
  }

  /** Evaluates an expression, enclosed or bare; throws a {@link Fault} when that fails. */
  JsonNode evaluate(String expression, JsonNode input, Arguments arguments) {
    JsonQuery query = compile(expression);
    Scope scope = Scope.newChildScope(BUILT_IN);
    arguments.values().forEach(scope::setValue);
    scope.addFunction("now", 0, now(arguments.now()));
    limitRanges(scope);
    Results results = new Results();
    try {
      query.apply(scope, input, results);
    } catch (JsonQueryException | RuntimeException e) {
      throw failed(expression, String.valueOf(e.getMessage()));
    } catch (StackOverflowError e) {
      throw failed(expression, "it recurses too deeply");
    }
    return plain(results.value());
  }

  /** A copy of a template with every expression in it replaced by its value. */
  JsonNode resolve(JsonNode template, JsonNode input, Arguments arguments) {
    if (template.isTextual() && isExpression(template.textValue())) {
      return evaluate(template.textValue(), input, arguments);
    }
    if (template.isObject()) {
      ObjectNode resolved = JsonNodeFactory.instance.objectNode();
      template
          .properties()
          .forEach(
              field -> resolved.set(field.getKey(), resolve(field.getValue(), input, arguments)));
      return resolved;
    }
    if (template.isArray()) {
      ArrayNode resolved = JsonNodeFactory.instance.arrayNode(template.size());
      template.forEach(element -> resolved.add(resolve(element, input, arguments)));
      return resolved;
    }
    return template;
  }

  /** A {@code from} or {@code as}: a string is an expression, an object a template. */
  JsonNode transform(JsonNode transformation, JsonNode input, Arguments arguments) {
    return transformation.isTextual()
        ? evaluate(transformation.textValue(), input, arguments)
        : resolve(transformation, input, arguments);
  }

  /** True unless the condition is false or null, as jq has it. */
  boolean holds(String condition, JsonNode input, Arguments arguments) {
    JsonNode result = evaluate(condition, input, arguments);
    return !(result.isNull() || (result.isBoolean() && !result.booleanValue()));
  }

  private JsonQuery compile(String expression) {
    return compiled.computeIfAbsent(
        bare(expression),
        text -> {
          try {
            return JsonQuery.compile(text, JQ);
          } catch (JsonQueryException | RuntimeException e) {
            throw failed(text, String.valueOf(e.getMessage()));
          } catch (StackOverflowError e) {
            throw failed(text, "it is nested too deeply");
          }
        });
  }

  private static String bare(String expression) {
    String text = expression.strip();
    return isExpression(text) ? text.substring(2, text.length() - 1).strip() : text;
  }

  private static Fault failed(String expression, String reason) {
    return new Fault(
        WorkflowError.expression(
            "The expression '" + brief(bare(expression)) + "' failed: " + brief(reason)));
  }

  private static String brief(String text) {
    return text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "…";
  }

  private static Scope builtIn() {
    Scope scope = Scope.newEmptyScope();
    BuiltinFunctionLoader.getInstance().loadFunctions(JQ, scope);
    return scope;
  }

  private static Function now(Instant now) {
    double seconds = now.getEpochSecond() + now.getNano() / 1e9;
    JsonNode value = DoubleNode.valueOf(seconds);
    return (scope, args, in, path, output, version) -> output.emit(value, null);
  }

  private static void limitRanges(Scope scope) {
    int[] counted = {0};
    for (int arity = 1; arity <= 3; arity++) {
      Function range = BUILT_IN.getFunction("range", arity);
      scope.addFunction(
          "range",
          arity,
          (within, args, in, path, output, version) ->
              range.apply(
                  within,
                  args,
                  in,
                  path,
                  (value, at) -> {
                    if (++counted[0] > LONGEST_RANGE) {
                      throw new JsonQueryException("range counts past " + LONGEST_RANGE);
                    }
                    output.emit(value, at);
                  },
                  version));
    }
  }

  /** The value as it would come back from JSON: finite numbers, the small ones as int. */
  private static JsonNode plain(JsonNode value) {
    if (isPlain(value)) {
      return value;
    }
    if (value.isArray()) {
      ArrayNode copy = JsonNodeFactory.instance.arrayNode(value.size());
      value.forEach(element -> copy.add(plain(element)));
      return copy;
    }
    if (value.isObject()) {
      ObjectNode copy = JsonNodeFactory.instance.objectNode();
      value.properties().forEach(field -> copy.set(field.getKey(), plain(field.getValue())));
      return copy;
    }
    if (value.isLong()) {
      return IntNode.valueOf(value.intValue());
    }
    double number = value.doubleValue();
    return Double.isNaN(number)
        ? NullNode.instance
        : DoubleNode.valueOf(Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, number)));
  }

  private static boolean isPlain(JsonNode value) {
    for (JsonNode element : value) {
      if (!isPlain(element)) {
        return false;
      }
    }
    if (value.isLong()) {
      return !value.canConvertToInt();
    }
    return !value.isFloatingPointNumber()
        || (value.isDouble() && Double.isFinite(value.doubleValue()));
  }

  /** Gathers what a query yields: nothing is null, one is itself, several are an array. */
  private static final class Results implements Output {
    private @Nullable JsonNode first;
    private @Nullable ArrayNode all;

    @Override
    public void emit(JsonNode result) {
      if (first == null) {
        first = result;
      } else if (all == null) {
        all = JsonNodeFactory.instance.arrayNode().add(first).add(result);
      } else {
        all.add(result);
      }
    }

    JsonNode value() {
      if (all != null) {
        return all;
      }
      return first == null ? NullNode.instance : first;
    }
  }
}
