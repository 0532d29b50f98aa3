package io.twinloop.domain.process;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which columns of a CSV log mean what; absent ones are looked for by the names that tools give
 * them.
 */
public record CsvColumns(
    @Nullable String caseId,
    @Nullable String activity,
    @Nullable String timestamp,
    @Nullable String resource) {

  /** Where the columns are; {@code resource} is -1 where there is none. */
  record Places(int caseId, int activity, int timestamp, int resource) {}

  /** The places, or why there are none. */
  record Found(@Nullable Places places, @Nullable String refusal) {}

  private static final List<String> CASES =
      List.of("case:concept:name", "case", "case_id", "caseid", "case id");
  private static final List<String> ACTIVITIES =
      List.of("concept:name", "activity", "event", "task");
  private static final List<String> TIMESTAMPS =
      List.of("time:timestamp", "timestamp", "time", "complete timestamp", "date");
  private static final List<String> RESOURCES =
      List.of("org:resource", "resource", "user", "performer");

  /** Finds the columns in a header. */
  Found in(List<String> header) {
    Optional<Integer> caseAt = find(header, caseId, CASES);
    Optional<Integer> activityAt = find(header, activity, ACTIVITIES);
    Optional<Integer> timeAt = find(header, timestamp, TIMESTAMPS);
    Optional<Integer> resourceAt = find(header, resource, RESOURCES);
    if (caseAt.isEmpty()) {
      return missing("case", caseId, header);
    }
    if (activityAt.isEmpty()) {
      return missing("activity", activity, header);
    }
    if (timeAt.isEmpty()) {
      return missing("timestamp", timestamp, header);
    }
    if (resource != null && resourceAt.isEmpty()) {
      return missing("resource", resource, header);
    }
    return new Found(
        new Places(caseAt.get(), activityAt.get(), timeAt.get(), resourceAt.orElse(-1)), null);
  }

  private static Optional<Integer> find(
      List<String> header, @Nullable String named, List<String> usual) {
    if (named != null) {
      return indexOf(header, named);
    }
    return usual.stream().flatMap(name -> indexOf(header, name).stream()).findFirst();
  }

  private static Optional<Integer> indexOf(List<String> header, String name) {
    for (int i = 0; i < header.size(); i++) {
      if (header.get(i).strip().equalsIgnoreCase(name.strip())) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }

  private static Found missing(String what, @Nullable String named, List<String> header) {
    String columns = String.join(", ", header);
    String shown = columns.length() > 300 ? columns.substring(0, 300) + "…" : columns;
    return new Found(
        null,
        named == null
            ? "No column is known for the %s; name it with ?%s=. The columns are: %s."
                .formatted(what, what, shown)
            : "There is no column '%s' for the %s. The columns are: %s."
                .formatted(named, what, shown));
  }
}
