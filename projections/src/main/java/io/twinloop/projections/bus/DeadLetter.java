package io.twinloop.projections.bus;

import java.time.Instant;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * An event that could not be handled.
 *
 * @param id of this letter
 * @param consumerGroup that could not handle it
 * @param topic it came by
 * @param key it came with
 * @param event the bytes as they came
 * @param eventId as far as it could be read
 * @param eventType as far as it could be read
 * @param error why, in a sentence
 * @param attempts how often it was tried
 * @param at when it was given up
 * @param replayedAt when it was sent again
 */
public record DeadLetter(
    String id,
    String consumerGroup,
    String topic,
    String key,
    ByteString event,
    @Nullable String eventId,
    @Nullable String eventType,
    String error,
    int attempts,
    Instant at,
    @Nullable Instant replayedAt) {}
