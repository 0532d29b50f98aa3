/** The secrets of a site, found by name at the moment they are used. */
@NullMarked
package io.twinloop.integrations.secrets;

import org.jspecify.annotations.NullMarked;
