package io.twinloop.entities.organization;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.simulation.Change;
import io.twinloop.domain.organization.simulation.Outcome;
import io.twinloop.domain.organization.simulation.Picture;
import io.twinloop.domain.organization.simulation.Picture.Link;
import io.twinloop.domain.organization.simulation.WhatIf;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.Simulation.Plan;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A value of each of a simulation's events, with every kind of change and every figure. */
public final class SimulationSamples {

  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");

  private SimulationSamples() {}

  public static List<Simulation.Event> events() {
    Plan plan = new Plan("Fewer units", AT.minusSeconds(3600), changes());
    return List.of(
        new Simulation.SimulationRequested(plan, AT, CAUSE),
        new Simulation.SimulationFinished(plan, outcome(), AT, CAUSE),
        new Simulation.SimulationFailed(
            plan,
            List.of(new Problem("/changes/0/unitId", "there is no node 'moon' then")),
            AT,
            CAUSE));
  }

  static List<Change> changes() {
    return List.of(
        new Change.MoveUnit("sales", "finance"),
        new Change.MergeUnits(List.of("sales"), "finance"),
        new Change.SplitUnit(
            "finance",
            List.of(
                new Change.Part(
                    "ledger", "Ledger", List.of("ann"), List.of("invoices"), List.of(), 1L, 10.5))),
        new Change.CloseUnit("finance", "ledger"),
        new Change.CloseUnit("ledger", null),
        new Change.MovePeople(List.of("ann"), "sales"),
        new Change.ChangeHeadcount("sales", 12),
        new Change.ChangeSla("invoices", 4.5),
        new Change.ChangeAutomation("invoices", "full-auto"),
        new Change.DropVendor("bank"));
  }

  /** Of a small organisation of which everything is known. */
  static Outcome outcome() {
    Picture picture =
        Picture.of(
            Map.of(
                "acme", node(NodeType.ORGANIZATION, "Acme", Map.of()),
                "finance",
                    node(
                        NodeType.ORGANIZATION_UNIT,
                        "Finance",
                        Map.of("headcount", 5, "headcount_min", 4, "budget", 100)),
                "sales", node(NodeType.ORGANIZATION_UNIT, "Sales", Map.of()),
                "ann", node(NodeType.PERSON, "P-1", Map.of()),
                "abe", node(NodeType.PERSON, "P-2", Map.of()),
                "invoices", node(NodeType.PROCESS, "Invoices", Map.of()),
                "bank", node(NodeType.VENDOR, "Bank", Map.of("annual_value_eur", 7))),
            List.of(
                new Link("finance", RelationType.PART_OF, "acme"),
                new Link("sales", RelationType.PART_OF, "acme"),
                new Link("ann", RelationType.BELONGS_TO, "finance"),
                new Link("abe", RelationType.BELONGS_TO, "finance"),
                new Link("ann", RelationType.MANAGES, "finance"),
                new Link("finance", RelationType.OWNS_PROCESS, "invoices"),
                new Link("invoices", RelationType.SUPPLIED_BY, "bank")));
    return ((WhatIf.Compared)
            WhatIf.simulate(picture, List.of(new Change.MoveUnit("finance", "sales"))))
        .outcome();
  }

  private static NodeContent node(NodeType type, String label, Map<String, Integer> numbers) {
    var json = JsonNodeFactory.instance.objectNode();
    numbers.forEach(json::put);
    return new NodeContent(type, label, NodeProperties.of(json));
  }
}
