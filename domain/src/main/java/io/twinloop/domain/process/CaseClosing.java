package io.twinloop.domain.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What ends a case.
 *
 * @param whole whether the delivery tells whole cases, as a log does: then each is over with its
 *     last event, unless activities that end a case are named
 * @param endActivities the activities that end a case; may be empty
 */
public record CaseClosing(boolean whole, Set<String> endActivities) {

  public CaseClosing {
    endActivities = Set.copyOf(endActivities);
  }

  /** The events of one case in order of time, each with whether the case is over with it. */
  public List<CaseEvent> mark(List<CaseEvent> events) {
    List<CaseEvent> marked = new ArrayList<>(events);
    marked.sort(CaseEvent.IN_TIME);
    int last = marked.size() - 1;
    for (int i = 0; i <= last; i++) {
      CaseEvent event = marked.get(i);
      boolean ends =
          event.end()
              || endActivities.contains(event.activity())
              || (whole && endActivities.isEmpty() && i == last);
      marked.set(i, event.ending(ends));
    }
    return marked;
  }
}
