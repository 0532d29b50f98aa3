/** Sends what the outbox holds: by mail, to Slack-compatible addresses, as signed webhooks. */
@NullMarked
package io.twinloop.integrations.outbound;

import org.jspecify.annotations.NullMarked;
