package io.twinloop.domain.identity;

/** Who may use a door: whoever has a permission, or anybody, for a reason. */
public sealed interface AccessRule permits Permission, AccessRule.Open {

  /**
   * Anybody may, also without credentials.
   *
   * @param reason why nothing can be learned or done here that needs a login
   */
  record Open(String reason) implements AccessRule {
    public Open {
      if (reason.isBlank()) {
        throw new IllegalArgumentException("What is open to anybody needs a reason");
      }
    }
  }

  /** Open to anybody, for this reason. */
  static AccessRule open(String reason) {
    return new Open(reason);
  }
}
