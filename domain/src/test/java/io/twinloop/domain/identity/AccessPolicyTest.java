package io.twinloop.domain.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The table of roles and permissions, and the one that people read. */
class AccessPolicyTest {

  @Test
  void shouldSayInTheDocumentationWhatTheCodeDecides() throws IOException {
    List<String> expected = new ArrayList<>();
    for (Permission permission : Permission.values()) {
      expected.add(
          "| `%s` | %s | %s |"
              .formatted(
                  permission.wireName(),
                  permission.covers(),
                  AccessPolicy.columns().stream()
                      .map(role -> AccessPolicy.reach(role, permission).inWords())
                      .collect(Collectors.joining(" | "))));
    }

    List<String> documented =
        Files.readAllLines(Path.of("..", "docs", "access.md")).stream()
            .filter(line -> line.matches("\\| `[a-z:-]+`( \\| [^|]+){7} \\|"))
            .toList();

    assertThat(documented).isEqualTo(expected);
  }

  @Test
  void shouldNameItsColumnsInTheDocumentation() throws IOException {
    String head =
        "| permission | covers | "
            + AccessPolicy.columns().stream().map(Role::wireName).collect(Collectors.joining(" | "))
            + " |";

    assertThat(Files.readString(Path.of("..", "docs", "access.md"))).contains(head);
  }

  @ParameterizedTest
  @EnumSource(Permission.class)
  void shouldLetTheAdminDoEverythingAndNobodyNothing(Permission permission) {
    assertThat(Identity.user("a", Role.TWIN_ADMIN).reach(permission)).isEqualTo(Reach.ALL);
    assertThat(Identity.local("a").reach(permission)).isEqualTo(Reach.ALL);
    assertThat(Identity.nobody().may(permission)).isFalse();
  }

  @Test
  void shouldShowNoSinglePersonToExecutives() {
    Identity executive = Identity.user("e", Role.EXECUTIVE);

    assertThat(executive.reach(Permission.TWIN_READ)).isEqualTo(Reach.WITHOUT_PEOPLE);
    for (Permission individual :
        List.of(
            Permission.PEOPLE_READ,
            Permission.TASK_READ,
            Permission.WORKFLOW_READ,
            Permission.EVENT_READ,
            Permission.PERSONAL_DATA_READ)) {
      assertThat(executive.may(individual)).as(individual.wireName()).isFalse();
    }
  }

  @Test
  void shouldKeepDepartmentManagersToTheirUnitsInEverythingThatTellsOfPeople() {
    Identity manager = Identity.user("m", Role.DEPT_MANAGER);

    assertThat(Arrays.stream(Permission.values()).filter(p -> manager.reach(p) == Reach.ALL))
        .containsExactlyInAnyOrder(Permission.DEFINITION_READ, Permission.CLOCK_READ);
  }

  @ParameterizedTest
  @EnumSource(
      value = Role.class,
      names = {"DOMAIN", "LOCAL", "NOBODY"})
  void shouldGiveNoUserARoleOfOthers(Role role) {
    assertThat(Role.ofUser(role.wireName())).isEmpty();
    assertThatThrownBy(() -> Identity.user("u", role)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldReadRolesByTheirVeryName() {
    assertThat(Role.ofUser("analyst")).contains(Role.ANALYST);
    assertThat(Role.ofUser("Analyst")).isEmpty();
    assertThat(Role.ofUser("twin_admin ")).isEmpty();
  }

  @Test
  void shouldTellUsersAndDomainsOfOneNameApart() {
    assertThat(Identity.user("BNI", Role.ANALYST).actor())
        .isNotEqualTo(Identity.domain("BNI").actor());
  }

  @Test
  void shouldKeepAddressesOutOfLogs() {
    Identity user =
        new Identity(
            Identity.Kind.USER,
            "ada",
            Role.ANALYST,
            Optional.of("ada@example.org"),
            Optional.empty());

    assertThat(user.toString()).contains("ada", "analyst").doesNotContain("@");
  }
}
