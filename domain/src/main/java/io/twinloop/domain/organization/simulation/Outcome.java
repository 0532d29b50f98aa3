package io.twinloop.domain.organization.simulation;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * What changes would make of the organisation.
 *
 * @param organizationId the organisation that what they name lies in; absent where it lies in none
 *     or several
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Outcome(
    @Nullable String organizationId, Figures before, Figures after, BlastRadius blastRadius) {}
