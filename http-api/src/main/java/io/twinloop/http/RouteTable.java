package io.twinloop.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.pekko.http.scaladsl.model.Uri;

/**
 * Finds the endpoint of a path: a tree over the parts of the templates, where a literal part goes
 * before a parameter.
 */
final class RouteTable {

  /**
   * The endpoints of one path by method, and the values of its parameters in the order of the
   * template.
   */
  record Match(Map<String, Endpoint> byMethod, List<String> values) {}

  private static final class Node {
    final Map<String, Node> literals = new TreeMap<>();
    final Map<String, Endpoint> here = new TreeMap<>();
    final Map<String, Endpoint> rest = new TreeMap<>();
    Node parameter;
  }

  private final Node root = new Node();

  RouteTable(List<Endpoint> endpoints) {
    for (Endpoint endpoint : endpoints) {
      add(endpoint);
    }
  }

  private void add(Endpoint endpoint) {
    Node node = root;
    boolean takesRest = false;
    for (String part : endpoint.parts()) {
      if (part.endsWith("*}")) {
        takesRest = true;
      } else if (part.startsWith("{")) {
        if (node.parameter == null) {
          node.parameter = new Node();
        }
        node = node.parameter;
      } else {
        node = node.literals.computeIfAbsent(part, literal -> new Node());
      }
    }
    Map<String, Endpoint> methods = takesRest ? node.rest : node.here;
    Endpoint other = methods.put(endpoint.method().name(), endpoint);
    if (other != null) {
      throw new IllegalArgumentException(
          "Two endpoints for %s: %s and %s"
              .formatted(endpoint.method().name(), other.path(), endpoint.path()));
    }
  }

  /**
   * The endpoints whose template fits these parts. With several, the one with the earlier literal
   * part is taken, and a template that takes the rest comes last.
   */
  Optional<Match> find(List<String> parts) {
    return Optional.ofNullable(find(root, parts, 0, new ArrayList<>(4)));
  }

  private static Match find(Node node, List<String> parts, int depth, List<String> values) {
    if (depth == parts.size()) {
      if (!node.here.isEmpty()) {
        return new Match(node.here, values);
      }
    } else {
      String part = parts.get(depth);
      Node literal = node.literals.get(part);
      if (literal != null) {
        Match match = find(literal, parts, depth + 1, values);
        if (match != null) {
          return match;
        }
      }
      if (node.parameter != null) {
        values.add(part);
        Match match = find(node.parameter, parts, depth + 1, values);
        if (match != null) {
          return match;
        }
        values.remove(values.size() - 1);
      }
    }
    if (!node.rest.isEmpty()) {
      values.add(String.join("/", parts.subList(depth, parts.size())));
      return new Match(node.rest, values);
    }
    return null;
  }

  /**
   * The decoded parts of a path without the slash at its end, or empty when a part is empty, {@code
   * .}, {@code ..} or holds a slash, which no path of ours has.
   */
  static Optional<List<String>> partsOf(Uri.Path path) {
    List<String> parts = new ArrayList<>(6);
    boolean afterSlash = false;
    for (Uri.Path rest = path; !rest.isEmpty(); rest = rest.tail()) {
      if (rest.startsWithSlash()) {
        if (afterSlash) {
          return Optional.empty();
        }
        afterSlash = true;
      } else {
        String part = (String) rest.head();
        if (part.equals(".")
            || part.equals("..")
            || part.indexOf('/') >= 0
            || part.indexOf('\\') >= 0) {
          return Optional.empty();
        }
        parts.add(part);
        afterSlash = false;
      }
    }
    return Optional.of(parts);
  }
}
