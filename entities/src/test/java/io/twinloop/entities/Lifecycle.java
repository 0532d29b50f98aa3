package io.twinloop.entities;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * The table of an entity: what each command is answered in each state, which events it leaves and
 * which state. A table has to be complete: {@link #neverExercised} names what is missing.
 *
 * @param <C> the entity's commands
 * @param <R> its replies
 */
public final class Lifecycle<C, R> {

  /**
   * One line.
   *
   * @param state the state the command meets
   * @param what the command does, for the test's name
   * @param command the command
   * @param answer the reply's class, or {@code Rejected(code)}
   * @param events the events stored, none where nothing changes
   * @param then the state afterwards
   */
  public record Row<C, R>(
      Class<?> state,
      String what,
      Function<ActorRef<R>, C> command,
      String answer,
      List<Class<?>> events,
      Class<?> then) {

    Class<?> commandClass() {
      return command.apply(null).getClass();
    }

    @Override
    public String toString() {
      return state.getSimpleName() + ": " + what + " → " + answer + ", " + then.getSimpleName();
    }
  }

  private final Map<Class<?>, List<Function<ActorRef<R>, C>>> ways;
  private final List<Row<C, R>> rows = new ArrayList<>();

  /**
   * An empty table.
   *
   * @param ways the commands that lead into each state
   */
  public Lifecycle(Map<Class<?>, List<Function<ActorRef<R>, C>>> ways) {
    this.ways = ways;
  }

  /** Adds a line whose command changes nothing. */
  public Lifecycle<C, R> row(
      Class<?> state, String what, Function<ActorRef<R>, C> command, String answer) {
    return row(state, what, command, answer, List.of(), state);
  }

  /** Adds a line. */
  public Lifecycle<C, R> row(
      Class<?> state,
      String what,
      Function<ActorRef<R>, C> command,
      String answer,
      List<Class<?>> events,
      Class<?> then) {
    rows.add(new Row<>(state, what, command, answer, events, then));
    return this;
  }

  public Stream<Row<C, R>> rows() {
    return rows.stream();
  }

  /** The commands that lead an absent entity into a state. */
  public List<Function<ActorRef<R>, C>> wayTo(Class<?> state) {
    return ways.get(state);
  }

  /** The (state, command) pairs, events and replies that no line speaks of. */
  public Set<String> neverExercised(
      Class<?> states, Class<?> commands, Class<?> events, Class<?> replies) {
    Set<String> missing = new TreeSet<>();
    for (Class<?> state : states.getPermittedSubclasses()) {
      for (Class<?> command : commands.getPermittedSubclasses()) {
        missing.add(state.getSimpleName() + ": " + command.getSimpleName());
      }
    }
    missing.addAll(names(Arrays.asList(events.getPermittedSubclasses())));
    missing.addAll(names(Arrays.asList(replies.getPermittedSubclasses())));
    for (Row<C, R> row : rows) {
      missing.remove(row.state().getSimpleName() + ": " + row.commandClass().getSimpleName());
      missing.removeAll(names(row.events()));
      missing.remove(row.answer().replaceFirst("\\(.*", ""));
    }
    return missing;
  }

  private static Set<String> names(Collection<Class<?>> classes) {
    return classes.stream().map(Class::getSimpleName).collect(Collectors.toSet());
  }
}
