/** How long what is not the journal is kept. */
package io.twinloop.projections.retention;
