/**
 * What-if: changes of the organisation, applied to a picture of it, and what they would make of it.
 *
 * <p>Durations and waiting times are no part of it: they need the recorded load of the processes,
 * and are left out rather than guessed.
 */
package io.twinloop.domain.organization.simulation;
