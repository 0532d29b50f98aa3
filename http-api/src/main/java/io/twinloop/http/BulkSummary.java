package io.twinloop.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts what became of the lines of a bulk request, and keeps the first errors for its answer.
 *
 * <p>Used by one stream at a time.
 */
public final class BulkSummary {

  /** How many errors are told one by one. */
  public static final int MAX_ERRORS = 100;

  private record Rejection(long line, String code, String detail) {}

  private final List<Rejection> errors = new ArrayList<>();
  private long accepted;
  private long unchanged;
  private long rejected;

  public BulkSummary accept(long lines) {
    accepted += lines;
    return this;
  }

  /** Lines that said what was known already. */
  public BulkSummary unchanged(long lines) {
    unchanged += lines;
    return this;
  }

  public BulkSummary reject(long line, String code, String detail) {
    rejected++;
    if (errors.size() < MAX_ERRORS) {
      errors.add(new Rejection(line, code, detail));
    }
    return this;
  }

  public BulkSummary reject(Ndjson.Broken line) {
    return reject(line.number(), line.code(), line.detail());
  }

  /** Rejects a line by the problem its reader found. */
  public BulkSummary reject(long line, Problem problem) {
    return reject(line, problem.code(), problem.detail());
  }

  /** Lines seen so far. */
  public long lines() {
    return accepted + unchanged + rejected;
  }

  /** The answer: {accepted, unchanged, rejected, errors}, errors in the order of their lines. */
  public ObjectNode toJson() {
    ObjectNode json = Json.object();
    json.put("accepted", accepted).put("unchanged", unchanged).put("rejected", rejected);
    ArrayNode list = json.putArray("errors");
    errors.stream()
        .sorted((a, b) -> Long.compare(a.line(), b.line()))
        .forEach(
            error ->
                list.addObject()
                    .put("line", error.line())
                    .put("code", error.code())
                    .put("detail", error.detail()));
    return json;
  }
}
