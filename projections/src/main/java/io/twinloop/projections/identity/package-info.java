/** Who may come in: API keys, and what a department manager manages. */
@NullMarked
package io.twinloop.projections.identity;

import org.jspecify.annotations.NullMarked;
