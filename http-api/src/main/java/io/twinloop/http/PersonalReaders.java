package io.twinloop.http;

import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Reach;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/** Says of whom a caller may see what is personal. */
@FunctionalInterface
public interface PersonalReaders {

  /** Every caller may see it of everybody. */
  PersonalReaders ALL = caller -> CompletableFuture.completedStage(subject -> true);

  /**
   * By role: everybody or nobody. Who comes with the permission for their own units only sees
   * nobody's until it is known who is in them.
   */
  PersonalReaders BY_ROLE =
      caller -> {
        boolean all = caller.identity().reach(Permission.PERSONAL_DATA_READ) == Reach.ALL;
        return CompletableFuture.completedStage(subject -> all);
      };

  /** Tells by a person's id whether this caller may see what is personal of them. */
  CompletionStage<Predicate<String>> of(Caller caller);
}
