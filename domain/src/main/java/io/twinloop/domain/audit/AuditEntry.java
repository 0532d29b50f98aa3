package io.twinloop.domain.audit;

import java.util.Locale;
import java.util.Optional;

/**
 * Who did, or was refused, what.
 *
 * <p>Much of it comes from outside: texts are cut to their longest and freed of characters that
 * would break a line or hide something in it, see {@link AuditText}.
 *
 * @param action method and path template, like {@code POST /api/v1/kpis/{id}/samples}
 * @param path on what it was done, without the query, in which secrets may stand
 * @param address of the peer, empty when it isn't known
 * @param status of the answer, an HTTP status
 * @param code of the refusal, where it was one
 */
public record AuditEntry(
    Who who,
    String action,
    String path,
    Type type,
    String address,
    int status,
    Optional<String> code,
    String correlationId) {

  /** Longest action and path, in characters. */
  public static final int MAX_PATH = 512;

  /** Longest of the other texts, in characters. */
  public static final int MAX_TEXT = 160;

  /** What became of it. */
  public enum Type {
    /** It was done, or had been done before. */
    CHANGE,
    /** It was refused. */
    REFUSAL,
    /** Something went wrong on our side; it may have been done. */
    FAILURE;

    private final String wireName = name().toLowerCase(Locale.ROOT);

    /** As it stands in answers and in the table. */
    public String wireName() {
      return wireName;
    }

    /** The type with this very name. */
    public static Type of(String wireName) {
      return valueOf(wireName.toUpperCase(Locale.ROOT));
    }

    /** The type that goes with the status of an answer. */
    public static Type ofStatus(int status) {
      return status >= 500 ? FAILURE : status >= 400 ? REFUSAL : CHANGE;
    }
  }

  /**
   * Somebody.
   *
   * @param kind user, domain, local, nobody or system
   * @param subject the name under which it acts
   * @param role in which capacity; absent for the system
   */
  public record Who(String kind, String subject, Optional<String> role) {

    /** Twinloop itself. */
    public static final Who SYSTEM = new Who("system", "twinloop", Optional.empty());

    public Who {
      kind = AuditText.clean(kind, MAX_TEXT);
      subject = AuditText.clean(subject, MAX_TEXT);
      role = role.map(text -> AuditText.clean(text, MAX_TEXT));
    }
  }

  public AuditEntry {
    action = AuditText.clean(action, MAX_PATH);
    path = AuditText.clean(path, MAX_PATH);
    address = AuditText.clean(address, MAX_TEXT);
    code = code.map(text -> AuditText.clean(text, MAX_TEXT));
    correlationId = AuditText.clean(correlationId, MAX_TEXT);
  }
}
