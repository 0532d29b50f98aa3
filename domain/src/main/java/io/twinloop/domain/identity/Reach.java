package io.twinloop.domain.identity;

/** How far a role comes with a permission. */
public enum Reach {
  NONE("no"),
  /** Everything but what tells of single people. */
  WITHOUT_PEOPLE("without people"),
  /** What lies within the units the caller manages. */
  OWN_UNITS("own units"),
  ALL("yes");

  private final String inWords;

  Reach(String inWords) {
    this.inWords = inWords;
  }

  /** As it stands in the table of the documentation. */
  public String inWords() {
    return inWords;
  }

  /** Whether something is left out that others see. */
  public boolean isPartial() {
    return this == WITHOUT_PEOPLE || this == OWN_UNITS;
  }
}
