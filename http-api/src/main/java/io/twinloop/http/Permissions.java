package io.twinloop.http;

import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Reach;

/** Refuses who may not use an endpoint; what the policy doesn't allow is refused. */
final class Permissions {

  private Permissions() {}

  static void check(Identity identity, Endpoint endpoint) {
    if (!(endpoint.access() instanceof Permission permission)) {
      return;
    }
    Reach reach = identity.reach(permission);
    if (reach == Reach.NONE) {
      throw forbidden(
          "The role %s may not do this: it needs the permission %s (%s)."
              .formatted(identity.role().wireName(), permission.wireName(), permission.covers()));
    }
    if (reach.isPartial() && !endpoint.narrowed()) {
      throw forbidden(
          "The role %s has the permission %s in part (%s), and this can't be done in part."
              .formatted(identity.role().wireName(), permission.wireName(), reach.inWords()));
    }
  }

  private static ProblemException forbidden(String detail) {
    return Problems.of("forbidden", detail).refuse();
  }
}
