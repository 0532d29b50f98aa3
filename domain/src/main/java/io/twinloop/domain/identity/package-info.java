/**
 * Who asks and what they may do: an {@link io.twinloop.domain.identity.Identity} has one {@link
 * io.twinloop.domain.identity.Role}, and the {@link io.twinloop.domain.identity.AccessPolicy} says
 * for each {@link io.twinloop.domain.identity.Permission} how far that role reaches.
 */
@NullMarked
package io.twinloop.domain.identity;

import org.jspecify.annotations.NullMarked;
