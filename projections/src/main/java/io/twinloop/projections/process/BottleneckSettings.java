package io.twinloop.projections.process;

import com.typesafe.config.Config;
import io.twinloop.domain.process.LeadingEdge;

/** From when on a place where cases wait is worth saying; see {@code reference.conf}. */
public final class BottleneckSettings {

  private BottleneckSettings() {}

  public static LeadingEdge of(Config config) {
    Config settings = config.getConfig("twinloop.process.bottleneck");
    return new LeadingEdge(
        settings.getDouble("share"), settings.getLong("count"), settings.getDouble("margin"));
  }
}
