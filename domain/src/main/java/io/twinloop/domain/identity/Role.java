package io.twinloop.domain.identity;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** In which capacity somebody asks. */
public enum Role {
  /** Runs the twin: may do everything. */
  TWIN_ADMIN("twin_admin"),
  /** Sees how the organisation does, and nobody in particular. */
  EXECUTIVE("executive"),
  /** Sees and changes what belongs to the units they manage. */
  DEPT_MANAGER("dept_manager"),
  /** Brings the data in and keeps its ways open. */
  DATA_ENGINEER("data_engineer"),
  /** Reads everything, tries out, works on tasks. */
  ANALYST("analyst"),
  /** Another system of the organisation, which speaks for itself. */
  DOMAIN("domain"),
  /** Whoever uses this machine, where no login is set up. */
  LOCAL("local"),
  /** A caller without credentials, where a login is set up. */
  NOBODY("nobody");

  private static final List<Role> OF_USERS =
      List.of(TWIN_ADMIN, EXECUTIVE, DEPT_MANAGER, DATA_ENGINEER, ANALYST);

  private final String wireName;

  Role(String wireName) {
    this.wireName = wireName;
  }

  /** As it stands in tokens, answers and the table of the documentation. */
  public String wireName() {
    return wireName;
  }

  /** The roles that a token or a key may give to a user. */
  public static List<Role> ofUsers() {
    return OF_USERS;
  }

  /** The role of a user with this very name; no other is guessed. */
  public static Optional<Role> ofUser(String wireName) {
    return OF_USERS.stream().filter(role -> role.wireName.equals(wireName)).findFirst();
  }

  /** The names {@link #ofUser} knows, for sentences. */
  public static String userRoleNames() {
    return OF_USERS.stream().map(Role::wireName).collect(Collectors.joining(", "));
  }
}
