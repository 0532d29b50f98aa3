package io.twinloop.domain.organization;

/** The codes with which a statement of an import is refused. */
public final class ImportFault {
  /** It cannot be read: no JSON, no record of a table, characters of another encoding. */
  public static final String MALFORMED = "malformed";

  /** Members or columns are missing, unknown or of the wrong kind. */
  public static final String INVALID_FIELDS = "invalid-fields";

  /** No node has such a type. */
  public static final String UNKNOWN_TYPE = "unknown-type";

  /** No relation has such a name. */
  public static final String UNKNOWN_RELATION = "unknown-relation";

  /** The relation does not go from such a node to such a node. */
  public static final String WRONG_ENDS = "wrong-ends";

  /** An end of the relation is not there, neither in the twin nor in the file. */
  public static final String DANGLING = "dangling";

  /** The relation would lead a hierarchy in a circle. */
  public static final String CYCLE = "cycle";

  /** The same thing was said before in the file, otherwise. */
  public static final String DUPLICATE = "duplicate";

  /** A value is none that the property takes. */
  public static final String REFUSED = "refused";

  /** A line or record is too long. */
  public static final String LINE_TOO_LONG = "line-too-long";

  private ImportFault() {}
}
