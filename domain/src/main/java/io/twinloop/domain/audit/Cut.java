package io.twinloop.domain.audit;

import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * That the oldest part of the chain was cut off, as an entry of the chain says it.
 *
 * <p>The entry names the last one cut and its hash, so what is kept vouches for where it begins.
 *
 * @param number of the last entry cut off
 * @param hash of that entry
 */
public record Cut(long number, AuditHash hash) {

  private static final String ACTION = "CUT audit";
  private static final Pattern PATH = Pattern.compile("([0-9]{1,18}) ([0-9a-f]{64})");
  private static final int DONE = 200;

  /** The entry that says so. */
  public AuditEntry entry() {
    return new AuditEntry(
        AuditEntry.Who.SYSTEM,
        ACTION,
        number + " " + hash.hex(),
        AuditEntry.Type.CHANGE,
        "",
        DONE,
        Optional.empty(),
        "audit-retention");
  }

  /** The cut that an entry speaks of, if it does. */
  public static Optional<Cut> of(AuditEntry entry) {
    if (!entry.action().equals(ACTION) || !entry.who().equals(AuditEntry.Who.SYSTEM)) {
      return Optional.empty();
    }
    Matcher parts = PATH.matcher(entry.path());
    return parts.matches()
        ? Optional.of(
            new Cut(
                Long.parseLong(parts.group(1)),
                AuditHash.of(HexFormat.of().parseHex(parts.group(2)))))
        : Optional.empty();
  }
}
