package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a secret where the secret itself must not: in definitions, events and history. Only
 * whoever makes a call looks the secret up, and at that moment.
 *
 * @param secret its name, as {@code use.secrets} declares it
 * @param field the field of a secret that is a JSON object, null for the secret as it is
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SecretRef(String secret, @Nullable String field) {

  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,99}");

  private static final String PART = "(?:\\.([A-Za-z_][A-Za-z0-9_]*)|\\[\"([^\"\\\\]+)\"])";
  private static final Pattern EXPRESSION =
      Pattern.compile("\\$\\{\\s*\\$secrets" + PART + PART + "?\\s*}");

  /** How expressions name secrets. */
  static final String VARIABLE = "$secrets";

  /** The secret an expression stands for, when it stands for nothing else. */
  static Optional<SecretRef> of(String text) {
    Matcher parts = EXPRESSION.matcher(text.strip());
    return parts.matches()
        ? Optional.of(new SecretRef(either(parts.group(1), parts.group(2)), optional(parts)))
        : Optional.empty();
  }

  /** Whether a secret may have this name: a letter, then letters, digits, dots, dashes. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  private static @Nullable String optional(Matcher parts) {
    return parts.group(3) == null && parts.group(4) == null
        ? null
        : either(parts.group(3), parts.group(4));
  }

  private static String either(@Nullable String one, @Nullable String other) {
    return one == null ? String.valueOf(other) : one;
  }
}
