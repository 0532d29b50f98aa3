/**
 * The Java client and the command line. Knows the HTTP contract and nothing else of the product.
 */
@NullMarked
package io.twinloop.client;

import org.jspecify.annotations.NullMarked;
