/** What every context shares. */
package io.twinloop.domain;
