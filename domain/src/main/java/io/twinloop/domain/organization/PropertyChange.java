package io.twinloop.domain.organization;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One property before and after a change.
 *
 * @param before absent where the property is new
 * @param after absent where it was removed
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PropertyChange(@Nullable JsonNode before, @Nullable JsonNode after) {

  public PropertyChange {
    before = before == null || before.isNull() ? null : before;
    after = after == null || after.isNull() ? null : after;
  }

  boolean isOne() {
    return !Objects.equals(before, after);
  }
}
