/**
 * Pekko Persistence on PostgreSQL by R2DBC: a journal with group commit, a snapshot store, and
 * queries that read events in the order their transactions began. Start with {@link
 * io.twinloop.persistence.r2dbc.GroupCommit} for writing and {@link
 * io.twinloop.persistence.r2dbc.JournalReads} for reading.
 */
@NullMarked
package io.twinloop.persistence.r2dbc;

import org.jspecify.annotations.NullMarked;
