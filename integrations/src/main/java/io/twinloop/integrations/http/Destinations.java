package io.twinloop.integrations.http;

import io.twinloop.integrations.http.EgressSettings.PerDestination;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The destinations called of late; what is not called for long is forgotten. */
final class Destinations {

  private static final int MOST = 1_000;

  private final PerDestination settings;
  private final Map<String, Destination> known;

  Destinations(PerDestination settings) {
    this.settings = settings;
    this.known =
        new LinkedHashMap<>(64, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Destination> eldest) {
            return size() > MOST;
          }
        };
  }

  synchronized Destination of(URI address) {
    return known.computeIfAbsent(
        Destination.nameOf(address), name -> new Destination(name, settings));
  }

  synchronized List<DestinationState> states() {
    return known.values().stream().map(Destination::state).toList();
  }
}
