package io.twinloop.http.door;

import io.twinloop.http.limits.Limits;
import io.twinloop.projections.audit.AuditTrail;
import java.util.Set;

/**
 * What stands between a request and its handler besides the login.
 *
 * @param limits how many requests a caller may send
 * @param audit where changes and refusals are kept
 * @param peers tells the address a request came from
 */
public record Door(Limits limits, AuditTrail audit, PeerAddress peers) {

  /** Nothing is limited and nothing kept: for tests of other things. */
  public static final Door OPEN = new Door(Limits.NONE, AuditTrail.NONE, new PeerAddress(Set.of()));
}
