package io.twinloop.http;

import io.twinloop.domain.identity.Permission;
import io.twinloop.http.identity.Scopes;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/** Says of whom a caller may see what is personal. */
@FunctionalInterface
public interface PersonalReaders {

  /** Every caller may see it of everybody. */
  PersonalReaders ALL = caller -> CompletableFuture.completedStage(subject -> true);

  /** By role: of everybody, of those within the caller's own units, or of nobody. */
  static PersonalReaders within(Scopes scopes) {
    return caller ->
        Stages.map(
            scopes.of(caller.identity(), caller.identity().reach(Permission.PERSONAL_DATA_READ)),
            scope -> scope.people() ? scope::hasNode : subject -> false);
  }

  /** Tells by a person's id whether this caller may see what is personal of them. */
  CompletionStage<Predicate<String>> of(Caller caller);
}
