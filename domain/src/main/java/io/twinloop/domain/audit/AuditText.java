package io.twinloop.domain.audit;

/**
 * Makes a text from outside fit for one line of a log or an audit.
 *
 * <p>Control characters (with CR, LF, ESC and NUL), the line separators of Unicode, characters that
 * turn the direction of writing or show as nothing, and halves of surrogate pairs become U+FFFD.
 */
public final class AuditText {

  private static final char STAND_IN = '\uFFFD';

  private AuditText() {}

  /** The text, cut after so many characters, harmless. */
  public static String clean(String text, int maxLength) {
    String cut = text.length() > maxLength ? text.substring(0, maxLength - 1) + "…" : text;
    for (int i = 0; i < cut.length(); i++) {
      char c = cut.charAt(i);
      if (c < ' ' || c > '~') {
        return replaced(cut);
      }
    }
    return cut;
  }

  private static String replaced(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); ) {
      int point = text.codePointAt(i);
      clean.appendCodePoint(isHarmless(point) ? point : STAND_IN);
      i += Character.charCount(point);
    }
    return clean.toString();
  }

  private static boolean isHarmless(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
