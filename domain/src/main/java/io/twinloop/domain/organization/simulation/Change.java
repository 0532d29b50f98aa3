package io.twinloop.domain.organization.simulation;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.twinloop.domain.organization.Problem;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One thing that might be changed in the organisation. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Change.MoveUnit.class, name = "moveUnit"),
  @JsonSubTypes.Type(value = Change.MergeUnits.class, name = "mergeUnits"),
  @JsonSubTypes.Type(value = Change.SplitUnit.class, name = "splitUnit"),
  @JsonSubTypes.Type(value = Change.CloseUnit.class, name = "closeUnit"),
  @JsonSubTypes.Type(value = Change.MovePeople.class, name = "movePeople"),
  @JsonSubTypes.Type(value = Change.ChangeHeadcount.class, name = "changeHeadcount"),
  @JsonSubTypes.Type(value = Change.ChangeSla.class, name = "changeSla"),
  @JsonSubTypes.Type(value = Change.ChangeAutomation.class, name = "changeAutomation"),
  @JsonSubTypes.Type(value = Change.DropVendor.class, name = "dropVendor")
})
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface Change {

  /** The nodes it names. */
  Set<String> nodeIds();

  /** Makes the change in the branch, or says why not, with places within the change. */
  List<Problem> applyTo(Branch branch);

  /** The unit becomes part of another unit or organisation, and of none besides. */
  record MoveUnit(String unitId, String toId) implements Change {
    @Override
    public Set<String> nodeIds() {
      return idsOf(List.of(unitId, toId));
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.moveUnit(this);
    }
  }

  /**
   * Units go up in one that is there already: it takes their people, processes, systems and
   * sub-units, and their headcount, its minimum and their budgets are added to its own. Their
   * managers manage it only where nobody did.
   */
  record MergeUnits(List<String> unitIds, String intoId) implements Change {
    public MergeUnits {
      unitIds = List.copyOf(unitIds);
    }

    @Override
    public Set<String> nodeIds() {
      Set<String> ids = new LinkedHashSet<>(unitIds);
      ids.add(intoId);
      return ids;
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.mergeUnits(this);
    }
  }

  /** Parts of a unit become units of their own beside it; what no part takes stays. */
  record SplitUnit(String unitId, List<Part> parts) implements Change {
    public SplitUnit {
      parts = List.copyOf(parts);
    }

    @Override
    public Set<String> nodeIds() {
      Set<String> ids = new LinkedHashSet<>(List.of(unitId));
      for (Part part : parts) {
        ids.add(part.id());
        ids.addAll(part.personIds());
        ids.addAll(part.processIds());
        ids.addAll(part.unitIds());
      }
      return ids;
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.splitUnit(this);
    }
  }

  /**
   * A unit that is split off.
   *
   * @param id new, no node's
   * @param personIds of people who belong to the unit that is split
   * @param processIds of processes it owns
   * @param unitIds of its sub-units
   * @param headcount it takes along, at least as many as people are named; absent means so many
   * @param budget it takes along, EUR; absent means none
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Part(
      String id,
      String label,
      List<String> personIds,
      List<String> processIds,
      List<String> unitIds,
      @Nullable Long headcount,
      @Nullable Double budget) {
    public Part {
      personIds = List.copyOf(personIds);
      processIds = List.copyOf(processIds);
      unitIds = List.copyOf(unitIds);
    }
  }

  /**
   * The unit is closed.
   *
   * @param toId the unit that takes its people, processes, systems and sub-units; absent means that
   *     people who belong to no other unit leave, its processes have one owner less, and its
   *     sub-units become part of what it was part of
   */
  record CloseUnit(String unitId, @Nullable String toId) implements Change {
    @Override
    public Set<String> nodeIds() {
      return idsOf(toId == null ? List.of(unitId) : List.of(unitId, toId));
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.closeUnit(this);
    }
  }

  /**
   * People leave the units they belong to for another, with their roles. What they manage there,
   * and who reports to whom across the old and the new unit, ends.
   */
  record MovePeople(List<String> personIds, String toId) implements Change {
    public MovePeople {
      personIds = List.copyOf(personIds);
    }

    @Override
    public Set<String> nodeIds() {
      Set<String> ids = new LinkedHashSet<>(personIds);
      ids.add(toId);
      return ids;
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.movePeople(this);
    }
  }

  /** The unit has so many people. */
  record ChangeHeadcount(String unitId, long headcount) implements Change {
    @Override
    public Set<String> nodeIds() {
      return idsOf(List.of(unitId));
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.changeHeadcount(this);
    }
  }

  /** The process may take so many days of 24 hours. */
  record ChangeSla(String processId, double slaDays) implements Change {
    @Override
    public Set<String> nodeIds() {
      return idsOf(List.of(processId));
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.changeSla(this);
    }
  }

  /** The process is done by hand, half by hand or by machine: manual, semi-auto or full-auto. */
  record ChangeAutomation(String processId, String automationLevel) implements Change {
    @Override
    public Set<String> nodeIds() {
      return idsOf(List.of(processId));
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.changeAutomation(this);
    }
  }

  /** The vendor supplies nothing any more. */
  record DropVendor(String vendorId) implements Change {
    @Override
    public Set<String> nodeIds() {
      return idsOf(List.of(vendorId));
    }

    @Override
    public List<Problem> applyTo(Branch branch) {
      return branch.dropVendor(this);
    }
  }

  private static Set<String> idsOf(List<String> ids) {
    return new LinkedHashSet<>(ids);
  }
}
