package io.twinloop.entities;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.serialization.Json;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Makes values of records with every field filled, always the same: of what is known, taken from
 * examples, and for the rest from the types of the fields.
 */
final class FilledRecords {

  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");

  private final Map<Class<?>, Object> known = new HashMap<>();

  /**
   * @param replyTo where a field is a reference to an actor
   */
  FilledRecords(ActorRef<?> replyTo) {
    Stream.<Object>of(
            "text", 7L, 3, 1.5, true, AT, Duration.ofMinutes(5), LocalDate.parse("2026-03-01"))
        .forEach(value -> known.put(value.getClass(), value));
    known.put(long.class, 7L);
    known.put(int.class, 3);
    known.put(double.class, 1.5);
    known.put(boolean.class, true);
    known.put(ActorRef.class, replyTo);
    JsonNode json = Json.tree("{\"n\":12,\"text\":\"ok\"}");
    known.put(JsonNode.class, json);
    known.put(ObjectNode.class, json);
  }

  /** Takes every value of ours in these, and in their fields, as an example of its class. */
  FilledRecords learn(Collection<?> examples) {
    examples.forEach(this::learn);
    return this;
  }

  private void learn(Object example) {
    if (example instanceof Collection<?> several) {
      several.forEach(this::learn);
    } else if (example instanceof Optional<?> maybe) {
      maybe.ifPresent(this::learn);
    } else if (example.getClass().getName().startsWith("io.twinloop.")
        && known.putIfAbsent(example.getClass(), example) == null
        && example instanceof Record record) {
      for (RecordComponent component : record.getClass().getRecordComponents()) {
        Object field = fieldOf(record, component);
        if (field != null) {
          learn(field);
        }
      }
    }
  }

  private static Object fieldOf(Record record, RecordComponent component) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(component + " of " + record, e);
    }
  }

  /** A value of this record's class with every field filled. */
  Object make(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values =
        Stream.of(components).map(component -> value(component.getGenericType())).toArray();
    try {
      Constructor<?> constructor =
          type.getDeclaredConstructor(
              Stream.of(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(
          type.getName() + " refuses its fields; give an example of it", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("No value of " + type.getName(), e);
    }
  }

  private Object value(Type type) {
    if (type instanceof ParameterizedType generic) {
      Class<?> raw = (Class<?>) generic.getRawType();
      Type[] arguments = generic.getActualTypeArguments();
      if (raw == List.class || raw == Collection.class) {
        return List.of(value(arguments[0]));
      }
      if (raw == Set.class) {
        return Set.of(value(arguments[0]));
      }
      if (raw == Optional.class) {
        return Optional.of(value(arguments[0]));
      }
      if (raw == Map.class) {
        return Map.of(value(arguments[0]), value(arguments[1]));
      }
      return value(raw);
    }
    if (type instanceof WildcardType wildcard) {
      return value(wildcard.getUpperBounds()[0]);
    }
    Class<?> plain = (Class<?>) type;
    Object example = known.get(plain);
    if (example != null) {
      return example;
    }
    if (plain.isEnum()) {
      return plain.getEnumConstants()[0];
    }
    if (plain.isSealed()) {
      Class<?> first =
          Stream.of(plain.getPermittedSubclasses())
              .filter(known::containsKey)
              .findFirst()
              .orElse(plain.getPermittedSubclasses()[0]);
      return value(first);
    }
    if (plain.isRecord()) {
      return make(plain);
    }
    throw new IllegalStateException("No example of " + plain.getName() + " is known");
  }
}
