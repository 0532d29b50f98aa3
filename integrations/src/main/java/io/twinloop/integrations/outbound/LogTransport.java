package io.twinloop.integrations.outbound;

import io.twinloop.domain.outbound.OutboundMessage;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes messages into the log of the node, one line each, sealed parts as they are. */
final class LogTransport implements Transport {

  private static final Logger LOG = LoggerFactory.getLogger(LogTransport.class);

  /** What would end a line, colour it, or turn its direction round. */
  private static final Pattern UNPRINTABLE =
      Pattern.compile("[\\p{Cntrl}\\p{Zl}\\p{Zp}\\p{Cf}\\p{Cs}]+");

  private static final int LONGEST = 1_000;

  @Override
  public CompletionStage<Delivery> deliver(OutboundMessage message) {
    LOG.info(
        "Told {}: {} | {}",
        line(message.recipient() == null ? "everybody" : message.recipient()),
        line(message.subject()),
        line(message.body()));
    return CompletableFuture.completedStage(new Delivery.Delivered());
  }

  @Override
  public boolean leavesTheHouse() {
    return false;
  }

  static String line(@Nullable String text) {
    if (text == null) {
      return "";
    }
    String cut = text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
    return UNPRINTABLE.matcher(cut).replaceAll(" ").strip();
  }
}
