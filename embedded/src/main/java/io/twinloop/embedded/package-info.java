/**
 * A real PostgreSQL and a real Kafka for one machine, so that one command starts everything.
 *
 * <p>Entry points: {@link io.twinloop.embedded.EmbeddedMain} (a node with both inside) and {@link
 * io.twinloop.embedded.ServicesMain} (only the two servers).
 */
@NullMarked
package io.twinloop.embedded;

import org.jspecify.annotations.NullMarked;
