package io.twinloop.projections.bus;

import io.twinloop.serialization.IntegrationEvent;
import java.util.concurrent.CompletionStage;

/**
 * What one type of event brings about. A stage that fails means: not now, try again; the same event
 * may come more than once and must have its effect once.
 */
@FunctionalInterface
public interface Effect {

  CompletionStage<Outcome> of(IntegrationEvent event);

  /** How it went. */
  sealed interface Outcome permits Done, Refused {}

  /** The effect is durable. */
  record Done() implements Outcome {}

  /** It will never work; the event goes to the dead letters. */
  record Refused(String code, String sentence) implements Outcome {}
}
