/** The sockets of the HTTP server, moved by Netty: why, docs/decisions/0026-sockets-by-netty.md. */
@NullMarked
package io.twinloop.http.socket;

import org.jspecify.annotations.NullMarked;
