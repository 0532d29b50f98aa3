package io.twinloop.http;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.twinloop.entities.Entities;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.workflow.Rehearsals;
import io.twinloop.entities.workflow.Reruns;
import io.twinloop.entities.workflow.RunJournal;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.audit.AuditRoutes;
import io.twinloop.http.bus.DeadLetterRoutes;
import io.twinloop.http.bus.EventRoutes;
import io.twinloop.http.identity.ApiKeyRoutes;
import io.twinloop.http.identity.KeptApiKeys;
import io.twinloop.http.kpi.KpiRoutes;
import io.twinloop.http.loop.LoopRoutes;
import io.twinloop.http.operations.Availability;
import io.twinloop.http.operations.ClockRoutes;
import io.twinloop.http.operations.OperationsRoutes;
import io.twinloop.http.organization.HrmsRoutes;
import io.twinloop.http.organization.OrgImportRoutes;
import io.twinloop.http.organization.OrgNodeRoutes;
import io.twinloop.http.organization.OrgQueryRoutes;
import io.twinloop.http.organization.SimulationRoutes;
import io.twinloop.http.outbound.OutboxRoutes;
import io.twinloop.http.personaldata.SubjectRoutes;
import io.twinloop.http.process.ProcessRoutes;
import io.twinloop.http.workflow.TaskRoutes;
import io.twinloop.http.workflow.WorkflowBacktestRoutes;
import io.twinloop.http.workflow.WorkflowDefinitionRoutes;
import io.twinloop.http.workflow.WorkflowRoutes;
import io.twinloop.projections.Database;
import io.twinloop.projections.ProjectionLag;
import io.twinloop.projections.ProjectionState;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.audit.AuditQueries;
import io.twinloop.projections.bus.DeadLetters;
import io.twinloop.projections.bus.EventConsumer;
import io.twinloop.projections.bus.EventDelivery;
import io.twinloop.projections.bus.EventQueries;
import io.twinloop.projections.bus.EventSender;
import io.twinloop.projections.clock.ProductClock;
import io.twinloop.projections.kpi.KpiQueries;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.projections.organization.OrgGraph;
import io.twinloop.projections.organization.OrgNodeQueries;
import io.twinloop.projections.organization.OrgPictures;
import io.twinloop.projections.organization.OrgQueries;
import io.twinloop.projections.organization.SimulationQueries;
import io.twinloop.projections.outbound.JdbcOutbox;
import io.twinloop.projections.outbound.OutboxQueries;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.process.ProcessQueries;
import io.twinloop.projections.process.ServiceLevels;
import io.twinloop.projections.workflow.WorkflowQueries;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Everything a node answers over HTTP, as one table; the OpenAPI document is held to it by a test.
 *
 * @param availability says what is away: routes of the API are refused while it is
 */
public record Surface(
    Entities entities,
    Workflows workflows,
    RunJournal runJournal,
    Database database,
    ReadModelProgress progress,
    EventSender sender,
    DeadLetters deadLetters,
    EventDelivery delivery,
    EventConsumer consumer,
    PrometheusMeterRegistry metrics,
    Availability availability,
    ProductClock clock,
    KeptApiKeys apiKeys,
    PersonalData personalData,
    PersonalReaders personalReaders) {

  /** The table: first what answers whatever is away, then what needs the database. */
  public List<Endpoint> endpoints() {
    OperationsRoutes operations =
        new OperationsRoutes(
            availability,
            new ProjectionLag(database),
            new ProjectionState(database),
            consumer,
            metrics);
    WorkflowQueries runs = new WorkflowQueries(database);
    List<Endpoint> endpoints = new ArrayList<>(operations.endpoints());
    endpoints.addAll(Pages.load().endpoints());
    endpoints.addAll(SwaggerUi.load().endpoints());
    endpoints.add(OpenApiDocument.load().endpoint());
    Stream.of(
            operations.guardedEndpoints(),
            new KpiRoutes(entities, new KpiQueries(database), progress).endpoints(),
            new OrgNodeRoutes(
                    entities,
                    new OrgNodeQueries(database),
                    new OrgGraph(database),
                    personalData,
                    personalReaders)
                .endpoints(),
            new ProcessRoutes(
                    entities,
                    new ProcessQueries(database),
                    new ServiceLevels(entities, database),
                    (wanted, atMost) -> progress.await(wanted, atMost),
                    clock)
                .endpoints(),
            simulations().endpoints(),
            new OrgImportRoutes(entities, personalData).endpoints(),
            new OrgQueryRoutes(new OrgQueries(database)).endpoints(),
            new WorkflowDefinitionRoutes(workflows, runs).endpoints(),
            new WorkflowBacktestRoutes(workflows, runs, new Rehearsals(runJournal, clock))
                .endpoints(),
            new WorkflowRoutes(
                    entities,
                    workflows,
                    new Reruns(entities, runJournal),
                    runs,
                    progress,
                    personalData)
                .endpoints(),
            new TaskRoutes(entities, runs, personalData).endpoints(),
            new LoopRoutes(new LoopQueries(database)).endpoints(),
            new EventRoutes(sender, new EventQueries(database), personalData).endpoints(),
            new DeadLetterRoutes(deadLetters, delivery).endpoints(),
            new OutboxRoutes(new OutboxQueries(database), new JdbcOutbox(database, clock))
                .endpoints(),
            new HrmsRoutes(entities, workflows, personalData).endpoints(),
            new SubjectRoutes(entities, personalData).endpoints(),
            new AuditRoutes(new AuditQueries(database)).endpoints(),
            new ClockRoutes(clock, database).endpoints(),
            new ApiKeyRoutes(apiKeys).endpoints())
        .flatMap(List::stream)
        .map(availability::guard)
        .forEach(endpoints::add);
    return endpoints;
  }

  private SimulationRoutes simulations() {
    return new SimulationRoutes(
        entities,
        new OrgPictures(database),
        new SimulationQueries(database),
        atMost -> progress.awaitAll("org-node-read-model", OrgNode.KEY.name(), atMost));
  }
}
