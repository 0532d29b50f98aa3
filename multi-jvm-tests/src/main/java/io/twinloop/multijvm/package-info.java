/**
 * Real processes for tests and experiments: nodes, PostgreSQL and Kafka that can be started,
 * killed, paused and started again.
 */
@NullMarked
package io.twinloop.multijvm;

import org.jspecify.annotations.NullMarked;
