package io.twinloop.domain.kpi;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Which way is good: more, less, or close to the target. */
public enum Polarity {
  @JsonProperty("higher_better")
  HIGHER_BETTER,
  @JsonProperty("lower_better")
  LOWER_BETTER,
  @JsonProperty("target")
  TARGET
}
