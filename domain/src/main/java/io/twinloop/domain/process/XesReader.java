package io.twinloop.domain.process;

import io.twinloop.domain.process.CaseEvent.Phase;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log in XES (IEEE 1849-2016): of an event {@code concept:name}, {@code time:timestamp},
 * {@code org:resource}, {@code lifecycle:transition} and {@code identity:id}, of a trace {@code
 * concept:name}. One trace is held at a time. A document type is refused, and with it entities of
 * any kind.
 */
public final class XesReader implements LogReader {

  /** Attributes of attributes go no deeper in any real log. */
  private static final int DEEPEST = 100;

  private static final String NAME = "concept:name";
  private static final String TIME = "time:timestamp";

  private final BoundedStream in;
  private final Deque<Item> found = new ArrayDeque<>();
  private @Nullable XMLStreamReader xml;
  private boolean over;
  private int depth;
  private boolean inTrace;
  private boolean inEvent;
  private long traceLine;
  private long eventLine;
  private long beyond;
  private @Nullable String caseId;
  private final Map<String, String> event = new HashMap<>();
  private final List<ToldEvent> events = new ArrayList<>();
  private final List<Long> lines = new ArrayList<>();

  public XesReader(InputStream in) {
    this.in = new BoundedStream(in);
  }

  @Override
  public Optional<Item> next() throws IOException {
    while (found.isEmpty() && !over) {
      in.begin();
      try {
        advance();
      } catch (XMLStreamException e) {
        stop(e);
      }
    }
    return Optional.ofNullable(found.poll());
  }

  /** A log that is no XML ends here; one whose bytes don't come fails. */
  private void stop(XMLStreamException e) throws IOException {
    long line = e.getLocation() == null ? 1 : e.getLocation().getLineNumber();
    Throwable cause = e.getNestedException();
    if (cause instanceof BoundedStream.TooLongException) {
      stop(line, "An element is " + cause.getMessage() + ".");
    } else if (cause instanceof IOException io && !(cause instanceof CharConversionException)) {
      throw io;
    } else {
      String[] message = String.valueOf(e.getMessage()).split("\n", -1);
      stop(line, "It isn't XML: " + message[message.length - 1]);
    }
  }

  private void stop(long line, String detail) {
    over = true;
    found.add(new Stopped(Math.max(1, line), MALFORMED, detail));
  }

  private void advance() throws XMLStreamException {
    if (xml == null) {
      xml = factory().createXMLStreamReader(in);
    }
    if (!xml.hasNext()) {
      over = true;
      return;
    }
    switch (xml.next()) {
      case XMLStreamConstants.START_ELEMENT -> begin(xml.getLocalName());
      case XMLStreamConstants.END_ELEMENT -> end();
      case XMLStreamConstants.DTD ->
          stop(line(), "A document type is not read, nor what it declares; send the log without.");
      case XMLStreamConstants.END_DOCUMENT -> over = true;
      default -> {
        // Text, comments and instructions say nothing here.
      }
    }
  }

  private static XMLInputFactory factory() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setXMLResolver(
        (publicId, systemId, baseUri, namespace) -> {
          throw new XMLStreamException("what a document points to is not read");
        });
    return factory;
  }

  private long line() {
    return xml.getLocation().getLineNumber();
  }

  private void begin(String element) {
    depth++;
    if (depth > DEEPEST) {
      stop(line(), "Elements lie deeper than " + DEEPEST + " in each other.");
    } else if (depth == 1 && !element.equals("log")) {
      stop(line(), "Expected the element log of XES, not " + shown(element) + ".");
    } else if (depth == 2 && element.equals("trace")) {
      inTrace = true;
      traceLine = line();
    } else if (depth == 2 && element.equals("event")) {
      broken(line(), "The event belongs to no trace.");
    } else if (depth == 3 && inTrace && element.equals("event")) {
      inEvent = true;
      eventLine = line();
      event.clear();
    } else if (depth == 4 && inEvent) {
      attribute().ifPresent(one -> event.putIfAbsent(one.getKey(), one.getValue()));
    } else if (depth == 3 && inTrace) {
      attribute()
          .filter(one -> one.getKey().equals(NAME) && caseId == null)
          .ifPresent(one -> caseId = one.getValue());
    }
  }

  private Optional<Map.Entry<String, String>> attribute() {
    String key = xml.getAttributeValue(null, "key");
    String value = xml.getAttributeValue(null, "value");
    return key == null || value == null ? Optional.empty() : Optional.of(Map.entry(key, value));
  }

  private void end() {
    if (depth == 3 && inEvent) {
      inEvent = false;
      take();
    } else if (depth == 2 && inTrace) {
      inTrace = false;
      deliver();
    }
    depth--;
  }

  private void take() {
    String activity = event.get(NAME);
    String time = event.get(TIME);
    Optional<Instant> at = time == null ? Optional.empty() : EventTime.parse(time);
    String resource = event.get("org:resource");
    if (activity == null || activity.isBlank()) {
      broken(eventLine, "The event has no " + NAME + ".");
    } else if (activity.length() > CaseEvent.LONGEST_NAME) {
      tooLong(eventLine, NAME, activity);
    } else if (time == null) {
      broken(eventLine, "The event has no " + TIME + ".");
    } else if (at.isEmpty()) {
      broken(eventLine, TIME + " is " + shown(time) + ", expected " + EventTime.IN_WORDS + ".");
    } else if (resource != null && resource.length() > CaseEvent.LONGEST_NAME) {
      tooLong(eventLine, "org:resource", resource);
    } else if (events.size() == CaseTrack.MOST_EVENTS) {
      beyond++;
    } else {
      events.add(
          new ToldEvent(
              activity,
              at.get(),
              resource == null || resource.isBlank() ? null : resource,
              phase(event.get("lifecycle:transition")),
              false,
              event.get("identity:id")));
      lines.add(eventLine);
    }
  }

  private static Phase phase(@Nullable String transition) {
    String name = transition == null ? "complete" : transition.toLowerCase(Locale.ROOT);
    return switch (name) {
      case "complete", "" -> Phase.COMPLETE;
      case "start" -> Phase.START;
      default -> Phase.OTHER;
    };
  }

  private void deliver() {
    if (caseId == null || caseId.isBlank()) {
      lines.forEach(line -> broken(line, "Its trace has no " + NAME + ", which is the case's id."));
    } else if (caseId.length() > CaseEvent.LONGEST_NAME) {
      tooLong(traceLine, NAME + " of the trace", caseId);
    } else if (!events.isEmpty()) {
      found.add(new Delivery(caseId, events, lines));
      for (; beyond > 0; beyond--) {
        found.add(
            new Broken(
                traceLine,
                REFUSED,
                "Case %s has more events than the %d that are kept of one."
                    .formatted(shown(caseId), CaseTrack.MOST_EVENTS)));
      }
    }
    beyond = 0;
    caseId = null;
    events.clear();
    lines.clear();
  }

  private void broken(long line, String detail) {
    found.add(new Broken(line, MALFORMED, detail));
  }

  private void tooLong(long line, String what, String value) {
    found.add(
        new Broken(
            line,
            REFUSED,
            "%s has %d characters, at most %d are kept."
                .formatted(what, value.length(), CaseEvent.LONGEST_NAME)));
  }

  static String shown(String value) {
    return "'" + (value.length() > 60 ? value.substring(0, 60) + "…" : value) + "'";
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
