package io.twinloop.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Converts a release of the UK government's organograms, one JSON object per line, into lines for
 * {@code import}.
 *
 * <p>Each pair of body and unit that a row names becomes one OrganizationUnit; all stand under one
 * Organization. A senior post becomes a Role, and where it is held, a Person who has it. Junior
 * rows become the figures of their unit: {@code fte} the sum of theirs, {@code headcount} that sum
 * rounded up (the release counts no heads, and there are at least so many), {@code cost} a year,
 * each post at the middle of its pay. The totals such releases are known by are those of the junior
 * rows, so the holders of senior posts belong to their units with {@code counted: false}: they
 * stand in the twin with their own fte and are left out of its sums.
 *
 * <p>Posts report to posts; how units stand to each other follows from it: a unit is part of the
 * one to which its highest posts report. As these are higher still, no circle can come of it. Units
 * of junior rows alone are part of the unit of the post they report to. What a release holds of
 * dirt (parents that are not there, circles, ids twice, lines that cannot be read) is left out and
 * told in the report.
 */
public final class Organogram {

  /** The id and the label of the Organization above all units, where nothing else is said. */
  static final String ROOT = "uk-government";

  static final String LABEL = "UK government";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NOT_IN_IDS = Pattern.compile("[^a-z0-9]+");
  private static final int LONGEST_NAME = 80;
  private static final int LONGEST_LABEL = 200;
  private static final int LONGEST_TEXT = 500;
  private static final int TOLD_EACH = 20;
  private static final BigDecimal MOST_FTE = BigDecimal.valueOf(2);

  private record UnitKey(String body, String name) {}

  private static final class Unit {
    private final UnitKey key;
    private final List<Post> posts = new ArrayList<>();
    private final Map<String, Integer> juniorsReportTo = new LinkedHashMap<>();
    private BigDecimal fte = BigDecimal.ZERO;
    private BigDecimal cost = BigDecimal.ZERO;
    private String id = "";
    private @Nullable Unit above;
    private @Nullable Post head;

    Unit(UnitKey key) {
      this.key = key;
    }
  }

  private static final class Post {
    private final JsonNode row;
    private final String key;
    private final Unit unit;
    private final String id;
    private @Nullable Post above;
    private int depth;
    private int reports;

    Post(JsonNode row, String key, Unit unit, String id) {
      this.row = row;
      this.key = key;
      this.unit = unit;
      this.id = id;
    }

    boolean isHeld() {
      return row.path("fte").isNumber() && row.path("fte").decimalValue().signum() > 0;
    }
  }

  private final String root;
  private final String label;
  private final Map<UnitKey, Unit> units = new LinkedHashMap<>();
  private final Map<String, Post> posts = new LinkedHashMap<>();
  private final Set<String> bodies = new HashSet<>();
  private final Map<String, List<String>> dirt = new LinkedHashMap<>();
  private final Map<String, Integer> dirtCounts = new HashMap<>();
  private long line;
  private long juniorRows;
  private int seniorRows;

  /**
   * @param root id of the Organization above all units
   * @param label its label
   */
  public Organogram(String root, String label) {
    this.root = root;
    this.label = label;
  }

  // Reading

  /** Takes the next line of the release. */
  public void read(String text) {
    line++;
    if (text.isBlank()) {
      return;
    }
    JsonNode row;
    try {
      row = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      found("lines that are no JSON", "line " + line);
      return;
    }
    String body = text(row, "body");
    String unit = text(row, "unit");
    if (body.isEmpty() || unit.isEmpty()) {
      found("rows without a body or a unit", "line " + line);
      return;
    }
    switch (text(row, "kind")) {
      case "senior" -> senior(row, unit(body, unit));
      case "junior" -> junior(row, unit(body, unit));
      default ->
          found("rows of an unknown kind", "line %d: '%s'".formatted(line, text(row, "kind")));
    }
  }

  private Unit unit(String body, String name) {
    bodies.add(body);
    return units.computeIfAbsent(new UnitKey(body, name), Unit::new);
  }

  private void senior(JsonNode row, Unit unit) {
    seniorRows++;
    String key = text(row, "id");
    if (key.isEmpty()) {
      found("senior posts without an id", "line " + line);
      return;
    }
    Post known = posts.get(key);
    if (known != null) {
      found(
          known.row.equals(row) ? "senior posts twice, the same" : "senior posts twice, otherwise",
          key);
      return;
    }
    Post post = new Post(row, key, unit, idOf(key));
    posts.put(key, post);
    unit.posts.add(post);
  }

  private void junior(JsonNode row, Unit unit) {
    juniorRows++;
    JsonNode fte = row.path("fte");
    if (!fte.isNumber() || fte.decimalValue().signum() < 0) {
      found("junior rows without an fte", "line " + line);
      return;
    }
    unit.fte = unit.fte.add(fte.decimalValue());
    BigDecimal pay = middle(row.path("payMin"), row.path("payMax"));
    if (pay != null) {
      unit.cost = unit.cost.add(pay.multiply(fte.decimalValue()));
    }
    unit.juniorsReportTo.merge(text(row, "parent"), 1, Integer::sum);
  }

  private static @Nullable BigDecimal middle(JsonNode least, JsonNode most) {
    boolean hasLeast = least.isNumber() && least.decimalValue().signum() > 0;
    boolean hasMost = most.isNumber() && most.decimalValue().signum() > 0;
    if (hasLeast && hasMost) {
      return least
          .decimalValue()
          .add(most.decimalValue())
          .divide(BigDecimal.valueOf(2), 2, RoundingMode.HALF_UP);
    }
    return hasLeast ? least.decimalValue() : hasMost ? most.decimalValue() : null;
  }

  private static String text(JsonNode row, String name) {
    return row.path(name).asText("").strip();
  }

  // The shape

  private void shape() {
    posts.values().forEach(this::findAbove);
    breakCircles();
    posts.values().forEach(post -> post.depth = depth(post));
    for (Unit unit : units.values()) {
      unit.juniorsReportTo.forEach(
          (key, rows) -> {
            Post to = posts.get(key);
            if (to != null) {
              to.reports += rows;
            } else if (!key.isEmpty()) {
              found("junior rows under a post that is not there", "%s (%d)".formatted(key, rows));
            }
          });
    }
    posts.values().stream()
        .filter(post -> post.above != null)
        .forEach(post -> post.above.reports++);
    units.values().forEach(this::placeUnit);
    nameUnits();
  }

  private void findAbove(Post post) {
    String parent = text(post.row, "parent");
    if (parent.isEmpty()) {
      return;
    }
    post.above = posts.get(parent);
    if (post.above == null) {
      found("senior posts under a post that is not there", "%s → %s".formatted(post.key, parent));
    }
  }

  /** Cuts each circle above its first post in the file. */
  private void breakCircles() {
    Set<Post> sound = new HashSet<>();
    for (Post post : posts.values()) {
      Set<Post> way = new HashSet<>();
      Post at = post;
      while (at != null && !sound.contains(at)) {
        if (!way.add(at)) {
          cut(at);
          break;
        }
        at = at.above;
      }
      sound.addAll(way);
    }
  }

  private void cut(Post inCircle) {
    List<Post> circle = new ArrayList<>();
    Post at = inCircle;
    do {
      circle.add(at);
      at = at.above;
    } while (at != null && at != inCircle);
    List<Post> order = List.copyOf(posts.values());
    Post first = circle.stream().min(Comparator.comparingInt(order::indexOf)).orElseThrow();
    found(
        "circles of posts",
        String.join(" → ", circle.stream().map(post -> post.key).toList())
            + " → "
            + circle.get(0).key);
    first.above = null;
  }

  private static int depth(Post post) {
    int depth = 0;
    for (Post at = post.above; at != null; at = at.above) {
      depth++;
    }
    return depth;
  }

  /**
   * Finds the unit above by the highest posts, and the head among them: the one with most reports.
   */
  private void placeUnit(Unit unit) {
    Map<Unit, Integer> votes = new LinkedHashMap<>();
    if (unit.posts.isEmpty()) {
      unit.juniorsReportTo.forEach(
          (key, rows) -> {
            Post to = posts.get(key);
            if (to != null) {
              votes.merge(to.unit, rows, Integer::sum);
            }
          });
    } else {
      int highest = unit.posts.stream().mapToInt(post -> post.depth).min().orElseThrow();
      List<Post> top = unit.posts.stream().filter(post -> post.depth == highest).toList();
      for (Post post : top) {
        if (post.above != null) {
          votes.merge(post.above.unit, 1, Integer::sum);
        }
      }
      // Of equals the first in the file.
      unit.head =
          top.stream().reduce((one, other) -> other.reports > one.reports ? other : one).get();
    }
    int most = votes.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    unit.above =
        votes.entrySet().stream()
            .filter(vote -> vote.getValue() == most)
            .map(Map.Entry::getKey)
            .findFirst()
            .orElse(null);
    if (votes.size() > 1) {
      found(
          "units that report to several units",
          "%s / %s → %s"
              .formatted(
                  unit.key.body(),
                  unit.key.name(),
                  String.join(", ", votes.keySet().stream().map(to -> to.key.name()).toList())));
    }
  }

  /** Ids from names; where two names become the same id, all of them get a mark of their own. */
  private void nameUnits() {
    Map<String, Integer> uses = new HashMap<>();
    for (Unit unit : units.values()) {
      unit.id =
          "unit:" + slug(unit.key.body(), 40) + ":" + slug(unit.key.name(), LONGEST_NAME - 16);
      uses.merge(unit.id, 1, Integer::sum);
    }
    for (Unit unit : units.values()) {
      boolean cut = slug(unit.key.name(), Integer.MAX_VALUE).length() > LONGEST_NAME - 16;
      if (uses.get(unit.id) > 1 || cut) {
        unit.id += "~" + mark(unit.key.body() + "\n" + unit.key.name());
      }
    }
  }

  private static String slug(String name, int longest) {
    String slug = NOT_IN_IDS.matcher(name.toLowerCase(Locale.ROOT)).replaceAll("-");
    return slug.length() > longest ? slug.substring(0, longest) : slug;
  }

  private static String mark(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 4);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  /** A post's id as the twin takes it: {@code body/5} as {@code body:5}. */
  private static String idOf(String key) {
    String id = key.replace('/', ':').replaceAll("[^A-Za-z0-9._:~-]", "_");
    boolean same = id.replace(':', '/').equals(key);
    return same && id.length() <= 100
        ? id
        : id.substring(0, Math.min(id.length(), 90)) + "~" + mark(key);
  }

  // Writing

  /**
   * Writes the lines for {@code import}, nodes before relations; call once, after the last line.
   */
  public void write(Consumer<String> out) {
    shape();
    node(out, root, "Organization", label, JSON.createObjectNode());
    units.values().forEach(unit -> node(out, unit.id, "OrganizationUnit", labelOf(unit), of(unit)));
    posts.values().forEach(post -> node(out, roleId(post), "Role", title(post), roleOf(post)));
    posts.values().stream()
        .filter(Post::isHeld)
        .forEach(
            post ->
                node(
                    out,
                    personId(post),
                    "Person",
                    cut("Holder of " + post.id, LONGEST_LABEL),
                    holderOf(post)));
    for (Unit unit : units.values()) {
      relation(out, unit.id, "PART_OF", unit.above == null ? root : unit.above.id, null);
    }
    posts.values().stream().filter(Post::isHeld).forEach(post -> relations(out, post));
  }

  private void relations(Consumer<String> out, Post post) {
    String person = personId(post);
    relation(out, person, "HAS_ROLE", roleId(post), null);
    relation(
        out, person, "BELONGS_TO", post.unit.id, JSON.createObjectNode().put("counted", false));
    Post superior = post.above;
    while (superior != null && !superior.isHeld()) {
      superior = superior.above;
    }
    if (superior != null) {
      relation(out, person, "REPORTS_TO", personId(superior), null);
    }
    if (post.unit.head == post) {
      relation(out, person, "MANAGES", post.unit.id, null);
    }
  }

  private static String roleId(Post post) {
    return "role:" + post.id;
  }

  private static String personId(Post post) {
    return "person:" + post.id;
  }

  private static String labelOf(Unit unit) {
    String organisation = unit.head == null ? "" : text(unit.head.row, "organisation");
    return cut(
        unit.above != null || organisation.isEmpty() || organisation.equals(unit.key.name())
            ? unit.key.name()
            : organisation + ": " + unit.key.name(),
        LONGEST_LABEL);
  }

  private static ObjectNode of(Unit unit) {
    ObjectNode properties = JSON.createObjectNode();
    properties.put("body", unit.key.body());
    if (unit.head != null) {
      putText(properties, "department", unit.head.row, "department");
      putText(properties, "organisation", unit.head.row, "organisation");
    }
    properties.put("fte", unit.fte);
    properties.put("headcount", unit.fte.setScale(0, RoundingMode.CEILING).longValueExact());
    properties.put("cost", unit.cost.setScale(2, RoundingMode.HALF_UP));
    return properties;
  }

  private static String title(Post post) {
    String title = text(post.row, "title");
    return cut(title.isEmpty() ? post.id : title, LONGEST_LABEL);
  }

  private static ObjectNode roleOf(Post post) {
    ObjectNode properties = JSON.createObjectNode();
    putText(properties, "title", post.row, "title");
    putText(properties, "level", post.row, "grade");
    putText(properties, "profession", post.row, "profession");
    properties.put("headcount_max", 1);
    properties.put("is_management", post.reports > 0);
    properties.put("unit_id", post.unit.id);
    if (post.above != null) {
      properties.put("reports_to", roleId(post.above));
    }
    if (post.row.path("costOfReports").isNumber()) {
      properties.set("cost_of_reports", post.row.path("costOfReports"));
    }
    if (!post.isHeld()) {
      properties.put("vacant", true);
    }
    return properties;
  }

  private ObjectNode holderOf(Post post) {
    ObjectNode properties = JSON.createObjectNode();
    BigDecimal fte = post.row.path("fte").decimalValue();
    if (fte.compareTo(MOST_FTE) > 0) {
      found("senior posts of more than 2 fte, taken as 2", "%s: %s".formatted(post.key, fte));
      fte = MOST_FTE;
    }
    properties.put("fte", fte);
    putText(properties, "seniority", post.row, "grade");
    BigDecimal pay = middle(post.row.path("payFloor"), post.row.path("payCeiling"));
    if (pay != null) {
      properties.put("cost", pay.multiply(fte).setScale(2, RoundingMode.HALF_UP));
    }
    return properties;
  }

  private static void putText(ObjectNode properties, String name, JsonNode row, String from) {
    String text = text(row, from);
    if (!text.isEmpty()) {
      properties.put(name, cut(text, LONGEST_TEXT));
    }
  }

  private static String cut(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest - 1) + "…";
  }

  private static void node(
      Consumer<String> out, String id, String type, String label, ObjectNode properties) {
    ObjectNode json = JSON.createObjectNode();
    json.putObject("node")
        .put("id", id)
        .put("type", type)
        .put("label", label)
        .set("properties", properties);
    out.accept(json.toString());
  }

  private static void relation(
      Consumer<String> out,
      String source,
      String relation,
      String target,
      @Nullable ObjectNode properties) {
    ObjectNode json = JSON.createObjectNode();
    ObjectNode told =
        json.putObject("relation")
            .put("source", source)
            .put("relation", relation)
            .put("target", target);
    if (properties != null) {
      told.set("properties", properties);
    }
    out.accept(json.toString());
  }

  // The report

  private void found(String kind, String what) {
    dirtCounts.merge(kind, 1, Integer::sum);
    List<String> told = dirt.computeIfAbsent(kind, none -> new ArrayList<>());
    if (told.size() < TOLD_EACH) {
      told.add(what);
    }
  }

  /** How many things of a kind of dirt were found. */
  int found(String kind) {
    return dirtCounts.getOrDefault(kind, 0);
  }

  /** What was read, what it adds up to, and what was left out; call after {@link #write}. */
  public List<String> report() {
    List<String> report = new ArrayList<>();
    BigDecimal juniors =
        units.values().stream().map(unit -> unit.fte).reduce(BigDecimal.ZERO, BigDecimal::add);
    BigDecimal seniors =
        posts.values().stream()
            .filter(Post::isHeld)
            .map(post -> post.row.path("fte").decimalValue())
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    report.add(
        String.format(
            Locale.ROOT,
            "%,d bodies, %,d units, %,d senior posts (%,d different, %,d held), %,d junior rows",
            bodies.size(),
            units.size(),
            seniorRows,
            posts.size(),
            posts.values().stream().filter(Post::isHeld).count(),
            juniorRows));
    report.add(
        String.format(
            Locale.ROOT,
            "%,.2f fte in the sums; %,.2f fte of senior posts stand beside them, not counted",
            juniors,
            seniors));
    dirt.forEach(
        (kind, told) -> {
          int count = dirtCounts.getOrDefault(kind, 0);
          report.add("%d %s".formatted(count, kind));
          told.forEach(one -> report.add("  " + one));
          if (count > told.size()) {
            report.add("  … and %d more".formatted(count - told.size()));
          }
        });
    return report;
  }
}
