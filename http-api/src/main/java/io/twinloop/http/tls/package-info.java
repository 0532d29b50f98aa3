/**
 * TLS of what listens: certificates and keys from files, checked at start, replaced while it runs.
 */
package io.twinloop.http.tls;
