package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.twinloop.domain.outbound.Channel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message a workflow sends to people.
 *
 * @param channel by which way
 * @param to addresses as the channel understands them; empty for the channel's default
 * @param subject one line, null when the channel needs none
 * @param message the text
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Notification(
    Channel channel, List<String> to, @Nullable String subject, String message) {

  public Notification {
    to = List.copyOf(to);
  }
}
