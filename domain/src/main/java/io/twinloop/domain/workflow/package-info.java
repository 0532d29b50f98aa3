/**
 * Workflows: CNCF Serverless Workflow DSL 1.0 definitions, interpreted as a pure function over an
 * event-sourced state. A {@link io.twinloop.domain.workflow.WorkflowModel} says what to do, the
 * {@link io.twinloop.domain.workflow.Stepper} decides what happens next, an {@link
 * io.twinloop.domain.workflow.Execution} remembers what happened.
 */
@NullMarked
package io.twinloop.domain.workflow;

import org.jspecify.annotations.NullMarked;
