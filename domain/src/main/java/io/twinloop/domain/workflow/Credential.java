package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * A part of what a call proves itself with: a text, or the secret that holds it. As JSON it is a
 * string or an object. Its text form hides the text.
 *
 * @param text as a definition or its data say it, null when it is a secret
 * @param secret where it is found, null when it is a text
 */
public record Credential(@Nullable String text, @Nullable SecretRef secret) {

  public Credential {
    boolean isText = text != null;
    boolean isSecret = secret != null;
    if (isText == isSecret) {
      throw new IllegalArgumentException("A credential is a text or a secret, one of the two.");
    }
  }

  static Credential of(String text) {
    return new Credential(text, null);
  }

  static Credential of(SecretRef secret) {
    return new Credential(null, secret);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Credential read(JsonNode json) {
    return json.isTextual()
        ? of(json.textValue())
        : of(
            new SecretRef(
                json.path("secret").asText(),
                json.hasNonNull("field") ? json.get("field").asText() : null));
  }

  @JsonValue
  @Nullable Object json() {
    return text == null ? secret : text;
  }

  @Override
  public String toString() {
    return secret == null ? "***" : secret.toString();
  }
}
