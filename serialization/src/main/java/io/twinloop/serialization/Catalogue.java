package io.twinloop.serialization;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The integration events this release speaks, read once from {@code catalogue.yaml}. */
public final class Catalogue {

  /**
   * One type of event.
   *
   * @param type its CloudEvents type
   * @param direction who tells whom
   * @param priority unless the event itself says another
   * @param entityType the type of its subject; absent where any may be
   * @param data the payload's fields
   * @param starts the workflow that answers it, absent where none does
   * @param startsWhenCritical the one that answers it when its priority is critical, absent where
   *     that is the same one
   */
  public record Entry(
      String type,
      Direction direction,
      Priority priority,
      @Nullable String entityType,
      List<String> data,
      @Nullable String starts,
      @Nullable String startsWhenCritical) {

    /** The workflow that answers an event of this priority, absent where none does. */
    public @Nullable String startsAt(Priority priority) {
      return priority == Priority.CRITICAL && startsWhenCritical != null
          ? startsWhenCritical
          : starts;
    }
  }

  private record Line(
      String type,
      String direction,
      String priority,
      @Nullable String entityType,
      List<String> data,
      @Nullable String starts,
      @Nullable String startsWhenCritical) {

    Entry entry() {
      return new Entry(
          type,
          Direction.of(direction),
          Priority.of(priority),
          entityType,
          data,
          starts,
          startsWhenCritical);
    }
  }

  private static final Map<String, Entry> ENTRIES = read();

  private Catalogue() {}

  private static Map<String, Entry> read() {
    try (InputStream yaml = Catalogue.class.getResourceAsStream("catalogue.yaml")) {
      List<Line> lines = new YAMLMapper().readValue(yaml, new TypeReference<>() {});
      return lines.stream()
          .map(Line::entry)
          .collect(Collectors.toUnmodifiableMap(Entry::type, Function.identity()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The entry of a type, empty for a type this release does not know. */
  public static Optional<Entry> find(String type) {
    return Optional.ofNullable(ENTRIES.get(type));
  }

  /** Every entry. */
  public static List<Entry> all() {
    return List.copyOf(ENTRIES.values());
  }

  /** Who tells whom, by the type's entry or, for an unknown type, by its first segment. */
  static Direction directionOf(String type) {
    return find(type)
        .map(Entry::direction)
        .orElse(type.startsWith("dto.") ? Direction.DTO_TO_BPA : Direction.BPA_TO_DTO);
  }

  /** The type's usual priority; medium for an unknown type. */
  static Priority priorityOf(String type) {
    return find(type).map(Entry::priority).orElse(Priority.MEDIUM);
  }
}
