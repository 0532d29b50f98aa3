package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.identity.Scopes;
import io.twinloop.projections.identity.Scope;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Of whom a caller sees what is personal: Ann is in the manager's unit, Bob is not. */
class PersonalReadersTest {

  private final PersonalReaders readers =
      PersonalReaders.within(
          new Scopes(
              (personId, unit, at) ->
                  CompletableFuture.completedStage(
                      Optional.of(
                          personId.equals("boss")
                              ? Scope.within(Set.of("sales", "ann"), Set.of())
                              : Scope.NOTHING)),
              Duration.ofSeconds(1)));

  private String readBy(Identity identity) {
    var mayRead =
        readers.of(Callers.nobody().as(identity)).toCompletableFuture().getNow(person -> false);
    return String.join(" ", Stream.of("ann", "bob").filter(mayRead).toList());
  }

  @ParameterizedTest
  @EnumSource(
      value = Role.class,
      names = {"TWIN_ADMIN", "DATA_ENGINEER", "ANALYST"})
  void shouldShowEverybodyToWhomThePolicyGivesAll(Role role) {
    assertThat(readBy(Identity.user("ada", role))).isEqualTo("ann bob");
  }

  @Test
  void shouldShowManagersThoseOfTheirUnits() {
    assertThat(readBy(Identity.user("boss", Role.DEPT_MANAGER))).isEqualTo("ann");
    assertThat(readBy(Identity.user("other", Role.DEPT_MANAGER))).isEmpty();
  }

  @Test
  void shouldShowNobodyToExecutivesDomainsAndStrangers() {
    assertThat(readBy(Identity.user("chief", Role.EXECUTIVE))).isEmpty();
    assertThat(readBy(Identity.domain("PAY"))).isEmpty();
    assertThat(readBy(Identity.nobody())).isEmpty();
  }

  @Test
  void shouldShowEverybodyWhereNoLoginIsSetUp() {
    assertThat(readBy(Identity.local("local"))).isEqualTo("ann bob");
  }
}
