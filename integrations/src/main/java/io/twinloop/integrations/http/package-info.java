/** HTTP calls that leave the house, and the rules about where they may go. */
package io.twinloop.integrations.http;
