package io.twinloop.domain.identity;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Somebody whose credentials were looked at.
 *
 * @param subject the user's id, the domain's code, or the name given on this machine
 * @param email of a user, when their token tells it
 * @param unit the id of the one unit a token limits its user to; absent where the twin says which
 *     units they manage
 */
public record Identity(
    Kind kind, String subject, Role role, Optional<String> email, Optional<String> unit) {

  /** What kind of somebody it is. */
  public enum Kind {
    USER,
    DOMAIN,
    LOCAL,
    NOBODY
  }

  /** Where Twinloop's own events come from, as the catalogue of events has it. */
  private static final Set<String> OUR_SOURCES =
      Set.of(
          "hub",
          "dto",
          "bpa",
          "partners",
          "contracts",
          "jobs",
          "campaigns",
          "dialogue",
          "analysis");

  private static final Identity NONE =
      new Identity(Kind.NOBODY, "nobody", Role.NOBODY, Optional.empty(), Optional.empty());

  public Identity {
    boolean fits =
        switch (kind) {
          case USER -> Role.ofUsers().contains(role);
          case DOMAIN -> role == Role.DOMAIN;
          case LOCAL -> role == Role.LOCAL;
          case NOBODY -> role == Role.NOBODY;
        };
    if (!fits) {
      throw new IllegalArgumentException("A " + kind + " can't have the role " + role.wireName());
    }
    if (subject.isBlank()) {
      throw new IllegalArgumentException("An identity has a subject");
    }
  }

  /** A user with a role. */
  public static Identity user(String id, Role role) {
    return new Identity(Kind.USER, id, role, Optional.empty(), Optional.empty());
  }

  /** Whether a domain may have this code: its events would else look like Twinloop's own. */
  public static boolean isDomainCode(String code) {
    return !OUR_SOURCES.contains(code.toLowerCase(Locale.ROOT));
  }

  /** Another system of the organisation. */
  public static Identity domain(String code) {
    return new Identity(Kind.DOMAIN, code, Role.DOMAIN, Optional.empty(), Optional.empty());
  }

  /** Whoever uses this machine, where no login is set up. */
  public static Identity local(String name) {
    return new Identity(Kind.LOCAL, name, Role.LOCAL, Optional.empty(), Optional.empty());
  }

  /** A caller without credentials. */
  public static Identity nobody() {
    return NONE;
  }

  /** How far this identity comes with a permission. */
  public Reach reach(Permission permission) {
    return AccessPolicy.reach(role, permission);
  }

  /** Whether this identity may do it at all. */
  public boolean may(Permission permission) {
    return reach(permission) != Reach.NONE;
  }

  /**
   * The name under which it acts, in events and audit entries: a user and a domain never share one.
   */
  public String actor() {
    return kind == Kind.DOMAIN ? "domain:" + subject : subject;
  }

  /** Without the address: it may stand in a log. */
  @Override
  public String toString() {
    return role.wireName() + " " + actor();
  }
}
