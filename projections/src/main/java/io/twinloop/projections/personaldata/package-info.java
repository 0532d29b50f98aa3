/** Personal data: the keys of those it speaks of, and how it is sealed and opened with them. */
package io.twinloop.projections.personaldata;
