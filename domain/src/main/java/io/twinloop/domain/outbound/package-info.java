/**
 * What leaves the house: messages to people and systems outside, and the ports through which they
 * leave. Who sends and who keeps what was sent implement them.
 */
@NullMarked
package io.twinloop.domain.outbound;

import org.jspecify.annotations.NullMarked;
