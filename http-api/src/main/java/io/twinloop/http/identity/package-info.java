/** Who asks: credentials of a request become an {@link io.twinloop.domain.identity.Identity}. */
@NullMarked
package io.twinloop.http.identity;

import org.jspecify.annotations.NullMarked;
