package io.twinloop.cluster;

import com.typesafe.config.Config;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.http.operations.HealthCheck;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.audit.AuditRetention;
import io.twinloop.projections.audit.AuditSettings;
import io.twinloop.projections.audit.AuditTrail;
import io.twinloop.projections.audit.JdbcAuditTrail;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This node's part in the audit: it appends, and cuts off what is too old. */
final class NodeAudit implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(NodeAudit.class);
  private static final Duration CUT_EVERY = Duration.ofHours(1);

  // The audit tells when things really happened, also where the product's clock was moved.
  private static final Clock CLOCK = Clock.systemUTC();

  private final AuditTrail trail;
  private final BooleanSupplier writing;
  private final Runnable end;

  private NodeAudit(AuditTrail trail, BooleanSupplier writing, Runnable end) {
    this.writing = writing;
    this.trail = trail;
    this.end = end;
  }

  static NodeAudit start(
      ActorSystem<?> system, Config config, ReadModels readModels, MeterRegistry metrics) {
    AuditSettings settings = AuditSettings.from(config);
    if (!settings.enabled()) {
      LOG.warn("Changes and refusals leave no audit entries: twinloop.audit.enabled is false.");
      return new NodeAudit(AuditTrail.NONE, () -> true, () -> {});
    }
    JdbcAuditTrail trail =
        new JdbcAuditTrail(readModels.forAudit(), CLOCK, settings, system.executionContext());
    Gauge.builder("twinloop_audit_waiting", trail, JdbcAuditTrail::waiting)
        .description("Changes under way or waiting for their audit entry")
        .register(metrics);
    AuditRetention retention =
        new AuditRetention(readModels.forAudit(), CLOCK, settings.retention());
    Cancellable cutting =
        system
            .scheduler()
            .scheduleWithFixedDelay(
                CUT_EVERY,
                CUT_EVERY,
                () -> readModels.threads().execute(() -> cut(retention)),
                system.executionContext());
    return new NodeAudit(
        trail,
        trail::isWriting,
        () -> {
          cutting.cancel();
          trail.close();
        });
  }

  AuditTrail trail() {
    return trail;
  }

  /** Vital: a node that can't write its audit can't change anything. */
  HealthCheck check() {
    return new HealthCheck(
        "Audit",
        true,
        () ->
            writing.getAsBoolean()
                ? CompletableFuture.completedStage("")
                : CompletableFuture.failedStage(
                    new IllegalStateException("its writer has ended; start the node anew")));
  }

  private static void cut(AuditRetention retention) {
    try {
      long entries = retention.cut();
      if (entries > 0) {
        LOG.info("{} audit entries were cut off for their age.", entries);
      }
    } catch (SQLException | RuntimeException e) { // the next time is soon enough
      LOG.warn("Audit entries that are too old stay for now: {}", e.toString());
    }
  }

  @Override
  public void close() {
    end.run();
  }
}
