package io.twinloop.domain.kpi;

import org.jspecify.annotations.Nullable;

/**
 * A value outside its baseline, with what justifies saying so.
 *
 * @param severity how far outside
 * @param value the judged value
 * @param baselineMean mean of the samples before it
 * @param zScore distance from that mean in population standard deviations, signed; absent where the
 *     baseline has no deviation, or so little that the distance is no finite number
 */
public record Anomaly(
    Severity severity, double value, double baselineMean, @Nullable Double zScore) {}
