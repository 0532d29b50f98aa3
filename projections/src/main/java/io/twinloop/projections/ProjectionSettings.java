package io.twinloop.projections;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How projections run; read once from {@code twinloop.projections}.
 *
 * @param ranges into how many slice ranges each projection is divided; they spread over the nodes
 * @param groupSize most events written in one transaction
 * @param offsetAfter so long the offset of a projection stays behind that wants none of the events
 * @param queryPlugin the read journal's configuration path
 */
public record ProjectionSettings(
    int ranges, int groupSize, Duration offsetAfter, String queryPlugin) {

  public ProjectionSettings {
    if (ranges < 1 || ranges > 1024 || Integer.bitCount(ranges) != 1) {
      throw new IllegalArgumentException(
          "twinloop.projections.ranges is " + ranges + ", expected a power of two up to 1024");
    }
  }

  public static ProjectionSettings of(Config config) {
    Config projections = config.getConfig("twinloop.projections");
    return new ProjectionSettings(
        projections.getInt("ranges"),
        projections.getInt("group-size"),
        projections.getDuration("offset-after"),
        projections.getString("query-plugin"));
  }
}
