/**
 * Who did, or was refused, what: entries in a chain that shows when one was changed or left out.
 */
@NullMarked
package io.twinloop.domain.audit;

import org.jspecify.annotations.NullMarked;
