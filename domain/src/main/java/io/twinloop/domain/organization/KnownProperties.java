package io.twinloop.domain.organization;

import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.twinloop.domain.personaldata.PersonalToken;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The properties that mean something to the twin, and the values they may have. Others are kept as
 * they come.
 */
public final class KnownProperties {

  /** Properties of one node or relation have at most so many characters, as JSON. */
  public static final int LONGEST = 32_768;

  /** Likewise where some are sealed, which takes more room. */
  private static final int LONGEST_SEALED = 4 * LONGEST;

  /** How far a process is automated. */
  public static final List<String> AUTOMATION_LEVELS = List.of("manual", "semi-auto", "full-auto");

  private static final Pattern DECIMAL_COMMA = Pattern.compile("-?[0-9]+,[0-9]{1,2}");
  private static final Pattern LIST_SEPARATOR = Pattern.compile("[|;]");

  /** What a value has to be, in words and as a test. */
  private record Rule(String expected, Predicate<JsonNode> fits) {}

  private static final Rule TEXT = new Rule("a text of 1 to 500 characters", text(500));
  private static final Rule TEXTS =
      new Rule(
          "a list of texts of 1 to 500 characters",
          value -> value.isArray() && stream(value).allMatch(text(500)));
  private static final Rule FLAG = new Rule("true or false", JsonNode::isBoolean);
  private static final Rule COUNT = whole(0, 10_000_000);
  private static final Rule MONEY = number(0, 1e15);
  private static final Rule DAYS = number(0, 36_500);
  private static final Rule SCORE = number(0, 100);
  private static final Rule DATE =
      new Rule("a date from 1900 to 2199 such as 2026-03-31", KnownProperties::isDate);
  private static final Rule TIME =
      new Rule(
          "a date or RFC 3339 time from 1900 to 2199", value -> isDate(value) || isDateTime(value));

  private static final Map<NodeType, Map<String, Rule>> OF_NODES =
      Map.of(
          NodeType.ORGANIZATION_UNIT,
          Map.ofEntries(
              entry("kind", oneOf("division", "department", "team", "squad")),
              entry("budget", MONEY),
              entry("budget_remaining", number(-1e15, 1e15)),
              entry("headcount", COUNT),
              entry("headcount_min", COUNT),
              entry("fte", number(0, 10_000_000)),
              entry("cost", MONEY),
              entry("cost_center", TEXT),
              entry("forecast_eur", number(-1e15, 1e15)),
              entry("forecast_date", TIME)),
          NodeType.PERSON,
          Map.of(
              "employee_id", TEXT,
              "anonymized_name", TEXT,
              "seniority", TEXT,
              "fte", number(0, 2),
              "cost", MONEY,
              "join_date", DATE,
              "skills", TEXTS),
          NodeType.ROLE,
          Map.of(
              "title",
              TEXT,
              "level",
              new Rule(
                  "a text or a whole number",
                  value -> text(500).test(value) || value.isIntegralNumber()),
              "headcount_max",
              COUNT,
              "is_management",
              FLAG,
              "vacant",
              FLAG,
              "vacant_since",
              TIME,
              "vacant_unit_id",
              TEXT),
          NodeType.PROCESS,
          Map.of(
              "sla_days", DAYS,
              "avg_duration_days", DAYS,
              "automation_level", oneOf(AUTOMATION_LEVELS),
              "cost_per_execution", MONEY,
              "sla_compliance", SCORE,
              "last_automated_at", TIME),
          NodeType.VENDOR,
          Map.of(
              "score", SCORE,
              "threshold", SCORE,
              "contract_expiry", DATE,
              "expiry_date", DATE,
              "annual_value_eur", MONEY,
              "contract_id", TEXT),
          NodeType.COMPLIANCE_OBLIGATION,
          Map.of("title", TEXT, "deadline", TIME, "responsible_id", TEXT, "fulfilled", FLAG));

  private static final Map<RelationType, Map<String, Rule>> OF_RELATIONS =
      Map.of(
          RelationType.DEPENDS_ON, Map.of("is_blocking", FLAG),
          RelationType.BELONGS_TO, Map.of("since_date", DATE, "counted", FLAG));

  private KnownProperties() {}

  /** What is wrong with the properties of a node of this type; empty when nothing is. */
  public static List<Problem> problems(NodeType type, NodeProperties properties) {
    return problems(type.wireName(), OF_NODES.getOrDefault(type, Map.of()), properties);
  }

  /** What is wrong with the properties of a relation of this type; empty when nothing is. */
  public static List<Problem> problems(RelationType type, NodeProperties properties) {
    return problems(type.name(), OF_RELATIONS.getOrDefault(type, Map.of()), properties);
  }

  /** The names of a node type's known properties. */
  public static Set<String> names(NodeType type) {
    return new TreeSet<>(OF_NODES.getOrDefault(type, Map.of()).keySet());
  }

  /**
   * The value that a text in a table has as a property: a text where the property takes one or is
   * not known, else the number, the true or false or the list (with {@code |} or {@code ;} between)
   * that it takes. A text that is none of these stays what it is.
   */
  public static JsonNode valueOf(NodeType type, String name, String text) {
    return valueOf(OF_NODES.getOrDefault(type, Map.of()).get(name), text);
  }

  /** The value that a text in a table has as a property of a relation. */
  public static JsonNode valueOf(RelationType type, String name, String text) {
    return valueOf(OF_RELATIONS.getOrDefault(type, Map.of()).get(name), text);
  }

  private static JsonNode valueOf(@Nullable Rule rule, String text) {
    JsonNode plain = TextNode.valueOf(text);
    if (rule == null || rule.fits().test(plain)) {
      return plain;
    }
    return Stream.of(numberOf(text), flagOf(text), listOf(text))
        .flatMap(Optional::stream)
        .filter(rule.fits())
        .findFirst()
        .orElse(plain);
  }

  private static Optional<JsonNode> numberOf(String text) {
    // A comma before the decimals, as tables from half of Europe have it.
    String number = DECIMAL_COMMA.matcher(text).matches() ? text.replace(',', '.') : text;
    try {
      BigDecimal value = new BigDecimal(number);
      if (Math.abs((long) value.scale()) > 30) {
        return Optional.empty();
      }
      return Optional.of(
          value.stripTrailingZeros().scale() <= 0
              ? BigIntegerNode.valueOf(value.toBigIntegerExact())
              : DoubleNode.valueOf(value.doubleValue()));
    } catch (NumberFormatException notANumber) {
      return Optional.empty();
    }
  }

  private static Optional<JsonNode> flagOf(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "yes" -> Optional.of(BooleanNode.TRUE);
      case "false", "no" -> Optional.of(BooleanNode.FALSE);
      default -> Optional.empty();
    };
  }

  private static Optional<JsonNode> listOf(String text) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (String part : LIST_SEPARATOR.split(text, -1)) {
      if (!part.isBlank()) {
        list.add(part.strip());
      }
    }
    return Optional.of(list);
  }

  private static List<Problem> problems(
      String of, Map<String, Rule> rules, NodeProperties properties) {
    List<Problem> problems = new ArrayList<>();
    int longest = PersonalToken.isMarked(properties.toString()) ? LONGEST_SEALED : LONGEST;
    if (properties.length() > longest) {
      problems.add(
          new Problem(
              "/properties",
              "properties have %,d characters, at most %,d are kept"
                  .formatted(properties.length(), longest)));
      return problems;
    }
    ObjectNode json = properties.toJson();
    for (var property : json.properties()) {
      Rule rule = rules.get(property.getKey());
      if (rule != null
          && !rule.fits().test(property.getValue())
          && !isSealed(property.getValue())) {
        problems.add(
            Problem.of(
                property.getKey(),
                "%s of a %s is %s, expected %s"
                    .formatted(
                        property.getKey(),
                        of,
                        Problem.quote(property.getValue()),
                        rule.expected())));
      }
    }
    return problems;
  }

  /** What is sealed was looked at before it was. */
  private static boolean isSealed(JsonNode value) {
    return value.isTextual() && PersonalToken.is(value.textValue());
  }

  private static Rule number(double least, double most) {
    return new Rule(
        "a number from %s to %s".formatted(plain(least), plain(most)),
        value -> value.isNumber() && value.doubleValue() >= least && value.doubleValue() <= most);
  }

  private static Rule whole(long least, long most) {
    return new Rule(
        "a whole number from %d to %d".formatted(least, most),
        value ->
            value.isIntegralNumber()
                && value.canConvertToLong()
                && value.longValue() >= least
                && value.longValue() <= most);
  }

  private static Rule oneOf(String... names) {
    return oneOf(List.of(names));
  }

  private static Rule oneOf(List<String> names) {
    Set<String> allowed = Set.copyOf(names);
    return new Rule(
        "one of " + String.join(", ", names),
        value -> value.isTextual() && allowed.contains(value.textValue()));
  }

  private static Predicate<JsonNode> text(int longest) {
    return value ->
        value.isTextual() && !value.textValue().isBlank() && value.textValue().length() <= longest;
  }

  private static boolean isDate(JsonNode value) {
    try {
      return value.isTextual() && isOurTime(LocalDate.parse(value.textValue()));
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static boolean isDateTime(JsonNode value) {
    try {
      return value.isTextual()
          && isOurTime(
              OffsetDateTime.parse(value.textValue())
                  .withOffsetSameInstant(ZoneOffset.UTC)
                  .toLocalDate());
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static boolean isOurTime(LocalDate date) {
    return date.getYear() >= 1900 && date.getYear() < 2200;
  }

  private static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  private static String plain(double number) {
    return new BigDecimal(number).toPlainString();
  }
}
