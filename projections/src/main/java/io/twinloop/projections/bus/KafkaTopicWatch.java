package io.twinloop.projections.bus;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees topics that were deleted, and makes them again; and those that were made anew by whomever,
 * which have to be read from their beginning: where a consumer stood on the old one says nothing
 * about the new one, and what lies before would be skipped. A topic is told from its next life by
 * its id (KIP-516).
 */
final class KafkaTopicWatch {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaTopicWatch.class);

  /** By then every node has seen it, and none commits where it stood on the old topic. */
  private static final Duration FROM_THE_BEGINNING = Duration.ofMinutes(5);

  private final Admin admin;
  private final Map<String, NewTopic> topics = new HashMap<>();
  private final Runnable onMadeAnew;
  private final LongSupplier nanoTime;
  private final Map<String, Uuid> ids = new ConcurrentHashMap<>();
  private final Map<String, Long> madeAnew = new ConcurrentHashMap<>();

  /**
   * @param topics as they are made where they are missing
   * @param onMadeAnew is run by the thread of the admin client when one was made anew
   */
  KafkaTopicWatch(
      Admin admin, Collection<NewTopic> topics, Runnable onMadeAnew, LongSupplier nanoTime) {
    this.admin = admin;
    topics.forEach(topic -> this.topics.put(topic.name(), topic));
    this.onMadeAnew = onMadeAnew;
    this.nanoTime = nanoTime;
  }

  /** Asks the brokers once; does not wait for their answer. */
  void look() {
    admin
        .describeTopics(topics.keySet())
        .topicNameValues()
        .forEach(
            (name, asked) -> {
              var unused = // what is found is dealt with in there
                  asked.whenComplete((found, failure) -> found(name, found, failure));
            });
  }

  /** Where to begin on those partitions whose topic was made anew lately. */
  Map<TopicPartition, Object> beginnings(Set<TopicPartition> partitions) {
    Map<TopicPartition, Object> beginnings = new HashMap<>();
    for (TopicPartition partition : partitions) {
      Long since = madeAnew.get(partition.topic());
      if (since != null && nanoTime.getAsLong() - since < FROM_THE_BEGINNING.toNanos()) {
        beginnings.put(partition, 0L);
      }
    }
    return beginnings;
  }

  private void found(String name, TopicDescription found, Throwable failure) {
    if (failure instanceof UnknownTopicOrPartitionException) {
      make(name);
    } else if (failure != null) {
      LOG.debug("Topic {} could not be asked for: {}", name, failure.toString());
    } else {
      Uuid before = ids.put(name, found.topicId());
      if (before != null && !before.equals(found.topicId())) {
        LOG.warn("Topic {} was made anew; it is read from its beginning.", name);
        madeAnew.put(name, nanoTime.getAsLong());
        onMadeAnew.run();
      }
    }
  }

  private void make(String name) {
    LOG.warn("Topic {} is not there any more; it is made again.", name);
    var unused = // the next look tells
        admin
            .createTopics(Set.of(topics.get(name)))
            .all()
            .whenComplete(
                (made, failure) -> {
                  if (failure != null && !(failure instanceof TopicExistsException)) {
                    LOG.warn("Topic {} could not be made: {}", name, failure.toString());
                  }
                });
  }
}
