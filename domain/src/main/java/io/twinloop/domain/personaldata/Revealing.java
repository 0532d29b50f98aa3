package io.twinloop.domain.personaldata;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/** Puts what a reader may see in the places of tokens, in JSON that is written already. */
public final class Revealing {

  private Revealing() {}

  /**
   * JSON with values in the places of tokens. Where a string is one token its value takes the place
   * of the string, whatever it is; inside of a longer string it is written as text.
   *
   * @param json in UTF-8, one document or several with anything between them
   * @param places of the tokens in it, see {@link PersonalToken#in}
   */
  public static byte[] inJson(
      byte[] json, List<PersonalToken.Place> places, Function<PersonalToken, JsonNode> values) {
    ByteArrayOutputStream revealed = new ByteArrayOutputStream(json.length);
    int from = 0;
    for (PersonalToken.Place place : places) {
      JsonNode value = values.apply(place.token());
      boolean whole = !value.isTextual() && isString(json, place);
      int to = whole ? place.from() - 1 : place.from();
      revealed.write(json, from, to - from);
      byte[] text =
          whole ? value.toString().getBytes(StandardCharsets.UTF_8) : escaped(textOf(value));
      revealed.write(text, 0, text.length);
      from = whole ? place.to() + 1 : place.to();
    }
    revealed.write(json, from, json.length - from);
    return revealed.toByteArray();
  }

  /** A value as it stands in a sentence. */
  public static String textOf(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }

  private static boolean isString(byte[] json, PersonalToken.Place place) {
    int before = place.from() - 1;
    return before >= 0
        && json[before] == '"'
        && (before == 0 || json[before - 1] != '\\')
        && place.to() < json.length
        && json[place.to()] == '"';
  }

  private static byte[] escaped(String text) {
    return JsonStringEncoder.getInstance().quoteAsUTF8(text);
  }
}
