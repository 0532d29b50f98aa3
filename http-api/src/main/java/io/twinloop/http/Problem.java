package io.twinloop.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;

/**
 * A refusal as the caller sees it: {@code application/problem+json} of RFC 9457.
 *
 * @param status HTTP status, 400 to 599
 * @param code stable word for programs, see {@link Problems}
 * @param title the kind of problem in words, the same for every problem of one code
 * @param detail what is wrong this time and what to do, quoting the bad value
 * @param errors the places when there are several, in the order they were found
 */
public record Problem(int status, String code, String title, String detail, List<Place> errors) {

  /**
   * One bad place of a request.
   *
   * @param pointer a JSON pointer into the body, {@code ?name} for a query parameter, {@code
   *     {name}} for a part of the path, {@code name:} for a header
   * @param detail what is wrong there
   */
  public record Place(String pointer, String detail) {}

  public Problem {
    if (status < 400 || status > 599) {
      throw new IllegalArgumentException("A problem has a status from 400 to 599, not " + status);
    }
    Objects.requireNonNull(code);
    Objects.requireNonNull(title);
    Objects.requireNonNull(detail);
    errors = List.copyOf(errors);
  }

  /** The exception that carries this problem out of a handler. */
  public ProblemException refuse() {
    return new ProblemException(this);
  }

  /** The document of RFC 9457; {@code errors} is left out when empty. */
  public ObjectNode toJson() {
    ObjectNode json = Json.object();
    json.put("type", "urn:twinloop:problem:" + code);
    json.put("title", title);
    json.put("status", status);
    json.put("detail", detail);
    json.put("code", code);
    if (!errors.isEmpty()) {
      ArrayNode places = json.putArray("errors");
      for (Place place : errors) {
        places.addObject().put("pointer", place.pointer()).put("detail", place.detail());
      }
    }
    return json;
  }
}
