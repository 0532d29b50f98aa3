package io.twinloop.projections.process;

import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.bus.EventLog;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopWriter;
import io.twinloop.serialization.IntegrationEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** The part of a process's flow in loops, and what of it is told to the outside. */
public final class ProcessFlowReadModel extends ReadModel<ProcessFlow.Event> {

  @Override
  protected void write(Connection connection, List<EventEnvelope<ProcessFlow.Event>> envelopes)
      throws SQLException {
    List<LoopChange> changes = new ArrayList<>();
    for (EventEnvelope<ProcessFlow.Event> envelope : envelopes) {
      for (IntegrationEvent sent : ProcessFlowEvents.of(envelope)) {
        EventLog.record(connection, sent);
      }
      changes.addAll(ProcessLoopChanges.ofFlow(envelope));
    }
    LoopWriter.write(connection, changes);
  }
}
