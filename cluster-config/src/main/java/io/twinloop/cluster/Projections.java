package io.twinloop.cluster;

import com.typesafe.config.Config;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.domain.process.LeadingEdge;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.projections.DaemonProcesses;
import io.twinloop.projections.Database;
import io.twinloop.projections.ProjectionRunner;
import io.twinloop.projections.ProjectionRunner.Named;
import io.twinloop.projections.ProjectionSettings;
import io.twinloop.projections.ProjectionState;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.RepeatedJob;
import io.twinloop.projections.TimerFirer;
import io.twinloop.projections.bus.BusSettings;
import io.twinloop.projections.bus.DeadLetters;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventBus;
import io.twinloop.projections.bus.EventConsumer;
import io.twinloop.projections.bus.EventDelivery;
import io.twinloop.projections.bus.EventPublisher;
import io.twinloop.projections.bus.LostEvents;
import io.twinloop.projections.kpi.KpiEvents;
import io.twinloop.projections.kpi.KpiReadModel;
import io.twinloop.projections.kpi.MeasureKpi;
import io.twinloop.projections.organization.ApproveBudget;
import io.twinloop.projections.organization.AutomateProcess;
import io.twinloop.projections.organization.OffboardEmployee;
import io.twinloop.projections.organization.OnboardEmployee;
import io.twinloop.projections.organization.OrgNodePublisher;
import io.twinloop.projections.organization.OrgNodeReadModel;
import io.twinloop.projections.organization.OrgNodeTimers;
import io.twinloop.projections.organization.OrgPictures;
import io.twinloop.projections.organization.RenewContract;
import io.twinloop.projections.organization.ResolveSla;
import io.twinloop.projections.organization.RoleVacancies;
import io.twinloop.projections.organization.SimulationEvents;
import io.twinloop.projections.organization.SimulationReadModel;
import io.twinloop.projections.organization.SimulationRunner;
import io.twinloop.projections.organization.SpendForecasts;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.process.BottleneckSettings;
import io.twinloop.projections.process.FollowCases;
import io.twinloop.projections.process.FollowFlow;
import io.twinloop.projections.process.JudgeCases;
import io.twinloop.projections.process.ProcessCaseReadModel;
import io.twinloop.projections.process.ProcessCaseTimers;
import io.twinloop.projections.process.ProcessFlowReadModel;
import io.twinloop.projections.process.ProcessQueries;
import io.twinloop.projections.process.ServiceLevels;
import io.twinloop.projections.retention.Retention;
import io.twinloop.projections.retention.RetentionSettings;
import io.twinloop.projections.workflow.AnswerByWorkflow;
import io.twinloop.projections.workflow.MeasureWorkflow;
import io.twinloop.projections.workflow.WorkflowDefinitionReadModel;
import io.twinloop.projections.workflow.WorkflowEvents;
import io.twinloop.projections.workflow.WorkflowReadModel;
import io.twinloop.projections.workflow.WorkflowTimers;
import io.twinloop.serialization.Catalogue;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.ActorSystem;
import org.jspecify.annotations.Nullable;

/** What happens to events after the journal: read models, the bus, effects, timers. */
final class Projections {

  private final ActorSystem<?> system;
  private final Config config;
  private final ReadModels readModels;
  private final EventBus bus;
  private final Entities entities;
  private final Clock clock;
  private final MeterRegistry metrics;
  private final DeadLetters deadLetters;
  private final EventDelivery delivery;
  private final EventConsumer consumer;
  private EventConsumer.@Nullable Running consuming;

  Projections(
      ActorSystem<?> system,
      Config config,
      ReadModels readModels,
      EventBus bus,
      Entities entities,
      Workflows workflows,
      PersonalData personalData,
      Clock clock,
      MeterRegistry metrics) {
    this.system = system;
    this.config = config;
    this.readModels = readModels;
    this.bus = bus;
    this.entities = entities;
    this.clock = clock;
    this.metrics = metrics;
    this.deadLetters = new DeadLetters(readModels.database(), bus, clock);
    this.delivery =
        new EventDelivery(
            BusSettings.of(config),
            effects(entities, workflows, readModels.database(), personalData, clock),
            readModels.database(),
            deadLetters,
            personalData,
            clock,
            entities::mayMove,
            metrics);
    // The broker's times, which tell the lag, are the machines'.
    this.consumer = bus.consumer(system, delivery, Clock.systemUTC(), metrics);
  }

  /** Takes part in projecting and in firing timers as soon as this node is a member. */
  void start() {
    DaemonProcesses processes = new DaemonProcesses(system);
    ProjectionRunner runner =
        new ProjectionRunner(
            system,
            ProjectionSettings.of(config),
            readModels.forProjections(),
            new ProjectionState(readModels.database()),
            processes);
    runner.readModel(new Named("kpi-read-model", Kpi.KEY.name()), KpiReadModel::new);
    runner.publisher(
        new Named("kpi-publisher", Kpi.KEY.name()),
        envelope -> !KpiEvents.of(envelope).isEmpty(),
        () -> new EventPublisher<Kpi.Event>(bus, KpiEvents::of));
    runner.publisher(
        new Named("spend-forecast", Kpi.KEY.name()),
        SpendForecasts::isWanted,
        () -> new SpendForecasts(entities, readModels.database(), clock));
    runner.readModel(new Named("org-node-read-model", OrgNode.KEY.name()), OrgNodeReadModel::new);
    runner.publisher(
        new Named("org-node-publisher", OrgNode.KEY.name()),
        () -> new OrgNodePublisher(readModels.database(), bus));
    runner.publisher(
        new Named("role-vacancies", OrgNode.KEY.name()),
        () -> new RoleVacancies(entities, readModels.database()));
    runner.readModel(
        new Named("simulation-read-model", Simulation.KEY.name()), SimulationReadModel::new);
    runner.publisher(
        new Named("simulation-publisher", Simulation.KEY.name()),
        () -> new EventPublisher<Simulation.Event>(bus, SimulationEvents::of));
    runner.publisher(
        new Named("simulation-runner", Simulation.KEY.name()),
        () -> new SimulationRunner(new OrgPictures(readModels.database()), entities));
    runner.readModel(
        new Named("workflow-definition-read-model", WorkflowDefinition.KEY.name()),
        WorkflowDefinitionReadModel::new);
    runner.readModel(
        new Named("workflow-read-model", WorkflowInstance.KEY.name()), WorkflowReadModel::new);
    runner.publisher(
        new Named("workflow-publisher", WorkflowInstance.KEY.name()),
        () -> new EventPublisher<WorkflowInstance.Event>(bus, WorkflowEvents::of));
    followProcesses(runner);
    processes.add(
        "timers",
        () ->
            TimerFirer.create(
                readModels.database(),
                Map.of(
                    WorkflowInstance.KEY.name(), new WorkflowTimers(entities),
                    OrgNode.KEY.name(), new OrgNodeTimers(entities),
                    ProcessCase.KEY.name(), new ProcessCaseTimers(entities)),
                clock,
                config.getDuration("twinloop.timers.interval"),
                config.getInt("twinloop.timers.batch")),
        new TimerFirer.Stop());
    RetentionSettings settings = RetentionSettings.of(config);
    Retention retention =
        new Retention(readModels.database(), settings, clock, Clock.systemUTC(), metrics);
    processes.add(
        "retention",
        () -> RepeatedJob.create("retention", () -> tidy(retention), settings.interval()),
        new RepeatedJob.Stop());
    BusSettings busSettings = BusSettings.of(config);
    LostEvents lost = new LostEvents(readModels.database(), bus, busSettings, System::nanoTime);
    processes.add(
        "lost-events",
        () -> RepeatedJob.create("lost-events", () -> sendAgain(lost), busSettings.lostAfter()),
        new RepeatedJob.Stop());
    processes.start();
  }

  private static CompletionStage<String> tidy(Retention retention) {
    return retention
        .run()
        .thenApply(
            run -> run.deleted() == 0 ? "" : run.deleted() + " rows were too old and are deleted");
  }

  private static CompletionStage<String> sendAgain(LostEvents lost) {
    return lost.sendAgain()
        .thenApply(sent -> sent == 0 ? "" : sent + " events had no effect and are sent again");
  }

  /** Begins to take events off the bus. */
  void consume() {
    consuming = consumer.start();
  }

  /** Cases of processes: read models, who is told, what follows from their end. */
  private void followProcesses(ProjectionRunner runner) {
    Database database = readModels.database();
    ServiceLevels serviceLevels = new ServiceLevels(entities, database);
    ProcessQueries queries = new ProcessQueries(database);
    LeadingEdge rule = BottleneckSettings.of(config);
    runner.readModel(
        new Named("process-case-read-model", ProcessCase.KEY.name()), ProcessCaseReadModel::new);
    runner.readModel(
        new Named("process-flow-read-model", ProcessFlow.KEY.name()), ProcessFlowReadModel::new);
    runner.publisher(
        new Named("process-case-effects", ProcessCase.KEY.name()),
        () ->
            new FollowCases(
                bus, entities, new ReadModelProgress(database), serviceLevels, queries, rule));
    runner.publisher(
        new Named("process-flow-effects", ProcessFlow.KEY.name()),
        () -> new FollowFlow(bus, entities));
    runner.publisher(
        new Named("process-service-level", OrgNode.KEY.name()),
        () -> new JudgeCases(entities, serviceLevels, queries));
  }

  /** What each type of event brings about: the catalogue's workflows, and the twin's changes. */
  private static Map<String, Effect> effects(
      Entities entities,
      Workflows workflows,
      Database database,
      PersonalData personalData,
      Clock clock) {
    Map<String, Effect> effects = new HashMap<>();
    for (Catalogue.Entry entry : Catalogue.all()) {
      if (entry.starts() != null) {
        effects.put(entry.type(), new AnswerByWorkflow(workflows, entry));
      }
    }
    effects.put("bpa.workflow.completed", MeasureWorkflow.completed(entities));
    effects.put("bpa.workflow.failed", MeasureWorkflow.failed(entities));
    effects.put("bpa.employee.onboarded", new OnboardEmployee(entities, database, personalData));
    effects.put("bpa.employee.offboarded", new OffboardEmployee(entities, database, clock));
    effects.put("bpa.process.automated", new AutomateProcess(entities));
    effects.put("bpa.sla.resolved", new ResolveSla(entities, database));
    effects.put("bpa.budget.approved", new ApproveBudget(entities));
    effects.put("bpa.contract.renewed", new RenewContract(entities));
    effects.put("bpa.kpi.updated", new MeasureKpi(entities));
    return effects;
  }

  DeadLetters deadLetters() {
    return deadLetters;
  }

  EventDelivery delivery() {
    return delivery;
  }

  EventConsumer consumer() {
    return consumer;
  }

  CompletionStage<?> stop() {
    return consuming == null ? CompletableFuture.completedStage(null) : consuming.stop();
  }
}
