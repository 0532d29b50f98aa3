/** A sample company that lives, fails and answers on a running Twinloop, for newcomers. */
@NullMarked
package io.twinloop.client.demo;

import org.jspecify.annotations.NullMarked;
