package io.twinloop.http.operations;

import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Something a node needs.
 *
 * @param name for people
 * @param vital whether the node can serve without it
 * @param look done when it is there, fails with the reason when it is not
 */
public record HealthCheck(String name, boolean vital, Supplier<CompletionStage<?>> look) {}
