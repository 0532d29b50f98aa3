/**
 * Faults under load, at random and by choice, and the checker that finds out whether anything
 * promised was lost, done twice, or shown wrongly.
 */
@NullMarked
package io.twinloop.multijvm.chaos;

import org.jspecify.annotations.NullMarked;
