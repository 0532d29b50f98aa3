package io.twinloop.domain.personaldata;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A sealed value as text, {@code ^pd1.<subject>.<sealed>^}, both parts base64url without padding.
 *
 * <p>It may stand anywhere in a text: whoever writes {@code "Onboard " + name} with a sealed name
 * has a text with a token in it. The character at its ends is none that an id may have, and none
 * that JSON escapes.
 */
public final class PersonalToken {

  /** How every token begins. */
  public static final String MARK = "^pd1.";

  /** The longest name of a subject, in bytes of UTF-8. */
  public static final int LONGEST_SUBJECT = 512;

  private static final byte[] MARK_BYTES = MARK.getBytes(StandardCharsets.US_ASCII);
  private static final byte END = '^';
  private static final int LONGEST_SUBJECT_TEXT = (LONGEST_SUBJECT * 4 + 2) / 3;
  private static final int LONGEST_SEALED_TEXT = (SubjectKey.LONGEST_SEALED * 4 + 2) / 3;

  /**
   * Where a token stands.
   *
   * @param from its first byte
   * @param to the byte after its last
   */
  public record Place(int from, int to, PersonalToken token) {}

  private final String subject;
  private final byte[] sealed;

  /**
   * @param subject whom the value speaks of; 1 to {@value #LONGEST_SUBJECT} bytes
   * @param sealed nonce, ciphertext and authentication tag, see {@link SubjectKey}
   */
  public PersonalToken(String subject, byte[] sealed) {
    if (subject.isEmpty() || subject.getBytes(StandardCharsets.UTF_8).length > LONGEST_SUBJECT) {
      throw new IllegalArgumentException(
          "A subject has 1 to %d bytes, not %d characters"
              .formatted(LONGEST_SUBJECT, subject.length()));
    }
    this.subject = subject;
    this.sealed = sealed.clone();
  }

  /** Whom the value speaks of. */
  public String subject() {
    return subject;
  }

  byte[] sealed() {
    return sealed.clone();
  }

  /** As it stands in texts. */
  public String text() {
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    return MARK
        + encoder.encodeToString(subject.getBytes(StandardCharsets.UTF_8))
        + "."
        + encoder.encodeToString(sealed)
        + "^";
  }

  /** Whether a token might stand in it: it holds how one begins. */
  public static boolean isMarked(String text) {
    return text.contains(MARK);
  }

  /** Likewise, in UTF-8. */
  public static boolean isMarked(byte[] utf8) {
    return next(utf8, 0) >= 0;
  }

  /** Whether the whole text is one token. */
  public static boolean is(String text) {
    if (!text.startsWith(MARK)) {
      return false;
    }
    List<Place> places = in(text.getBytes(StandardCharsets.UTF_8));
    return places.size() == 1
        && places.get(0).from() == 0
        && places.get(0).to() == text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** The tokens in a text of UTF-8, in order; of what only looks like one, nothing. */
  public static List<Place> in(byte[] utf8) {
    List<Place> places = new ArrayList<>(0);
    int at = next(utf8, 0);
    while (at >= 0) {
      Optional<Place> place = at(utf8, at);
      place.ifPresent(places::add);
      at = next(utf8, place.isPresent() ? place.get().to() : at + MARK_BYTES.length);
    }
    return places;
  }

  /** The text with other words in the places of its tokens. */
  public static String replaced(String text, Function<PersonalToken, String> words) {
    if (!isMarked(text)) {
      return text;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    StringBuilder replaced = new StringBuilder(text.length());
    int from = 0;
    for (Place place : in(bytes)) {
      replaced.append(new String(bytes, from, place.from() - from, StandardCharsets.UTF_8));
      replaced.append(words.apply(place.token()));
      from = place.to();
    }
    return replaced
        .append(new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8))
        .toString();
  }

  private static int next(byte[] bytes, int from) {
    int last = bytes.length - MARK_BYTES.length;
    for (int i = from; i <= last; i++) {
      if (bytes[i] == MARK_BYTES[0]
          && Arrays.equals(bytes, i, i + MARK_BYTES.length, MARK_BYTES, 0, MARK_BYTES.length)) {
        return i;
      }
    }
    return -1;
  }

  private static Optional<Place> at(byte[] bytes, int from) {
    int subjectFrom = from + MARK_BYTES.length;
    int subjectTo = endOfPart(bytes, subjectFrom, LONGEST_SUBJECT_TEXT);
    if (!isAt(bytes, subjectTo, (byte) '.') || subjectTo == subjectFrom) {
      return Optional.empty();
    }
    int sealedFrom = subjectTo + 1;
    int sealedTo = endOfPart(bytes, sealedFrom, LONGEST_SEALED_TEXT);
    if (!isAt(bytes, sealedTo, END) || sealedTo == sealedFrom) {
      return Optional.empty();
    }
    try {
      Base64.Decoder decoder = Base64.getUrlDecoder();
      String subject =
          new String(
              decoder.decode(Arrays.copyOfRange(bytes, subjectFrom, subjectTo)),
              StandardCharsets.UTF_8);
      byte[] sealed = decoder.decode(Arrays.copyOfRange(bytes, sealedFrom, sealedTo));
      return Optional.of(new Place(from, sealedTo + 1, new PersonalToken(subject, sealed)));
    } catch (IllegalArgumentException notBase64) {
      return Optional.empty();
    }
  }

  private static boolean isAt(byte[] bytes, int index, byte expected) {
    return index < bytes.length && bytes[index] == expected;
  }

  private static int endOfPart(byte[] bytes, int from, int longest) {
    int most = (int) Math.min(bytes.length, (long) from + longest);
    int i = from;
    while (i < most && isBase64Url(bytes[i])) {
      i++;
    }
    return i;
  }

  private static boolean isBase64Url(byte b) {
    return (b >= 'A' && b <= 'Z')
        || (b >= 'a' && b <= 'z')
        || (b >= '0' && b <= '9')
        || b == '-'
        || b == '_';
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PersonalToken token
        && subject.equals(token.subject)
        && Arrays.equals(sealed, token.sealed);
  }

  @Override
  public int hashCode() {
    return 31 * subject.hashCode() + Arrays.hashCode(sealed);
  }

  @Override
  public String toString() {
    return text();
  }
}
