package io.twinloop.domain.outbound;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A message to one recipient outside.
 *
 * @param id the same each time the message is sent, so that a receiver recognises a repetition
 * @param channel by which way
 * @param recipient an address as the channel understands it, null for the channel's default
 * @param subject one line, null when there is none
 * @param body the text
 * @param correlationId the loop it belongs to, null when it belongs to none
 * @param workflowId the workflow that tells it, null when it is none's
 * @param at when it was told
 */
public record OutboundMessage(
    String id,
    Channel channel,
    @Nullable String recipient,
    @Nullable String subject,
    String body,
    @Nullable String correlationId,
    @Nullable String workflowId,
    Instant at) {}
