package io.twinloop.domain.identity;

import static io.twinloop.domain.identity.Permission.*;
import static io.twinloop.domain.identity.Reach.ALL;
import static io.twinloop.domain.identity.Reach.NONE;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Which role may do what: the one place that decides it.
 *
 * <p>What no row allows is not allowed. {@code docs/access.md} shows the same table to people; a
 * test compares the two.
 */
public final class AccessPolicy {

  private static final List<Role> COLUMNS =
      List.of(
          Role.TWIN_ADMIN,
          Role.EXECUTIVE,
          Role.DEPT_MANAGER,
          Role.DATA_ENGINEER,
          Role.ANALYST,
          Role.DOMAIN);

  private static final Reach FEW = Reach.WITHOUT_PEOPLE;
  private static final Reach OWN = Reach.OWN_UNITS;

  private static final Map<Permission, Map<Role, Reach>> TABLE =
      Map.ofEntries(
          // twin_admin, executive, dept_manager, data_engineer, analyst, domain
          row(TWIN_READ, ALL, FEW, OWN, ALL, ALL, NONE),
          row(PEOPLE_READ, ALL, NONE, OWN, ALL, ALL, NONE),
          row(TWIN_WRITE, ALL, NONE, OWN, ALL, NONE, NONE),
          row(TWIN_IMPORT, ALL, NONE, NONE, ALL, NONE, NONE),
          row(TWIN_SIMULATE, ALL, NONE, NONE, ALL, ALL, NONE),
          row(PROCESS_READ, ALL, ALL, OWN, ALL, ALL, NONE),
          row(PROCESS_FEED, ALL, NONE, NONE, ALL, NONE, ALL),
          row(KPI_READ, ALL, ALL, OWN, ALL, ALL, NONE),
          row(KPI_DEFINE, ALL, NONE, OWN, ALL, NONE, NONE),
          row(KPI_SAMPLE, ALL, NONE, OWN, ALL, NONE, ALL),
          row(KPI_BULK, ALL, NONE, NONE, ALL, NONE, ALL),
          row(KPI_BACKTEST, ALL, NONE, NONE, ALL, ALL, NONE),
          row(DEFINITION_READ, ALL, ALL, ALL, ALL, ALL, NONE),
          row(DEFINITION_WRITE, ALL, NONE, NONE, ALL, NONE, NONE),
          row(DEFINITION_BACKTEST, ALL, NONE, NONE, ALL, ALL, NONE),
          row(WORKFLOW_READ, ALL, NONE, OWN, ALL, ALL, NONE),
          row(WORKFLOW_START, ALL, NONE, NONE, ALL, NONE, NONE),
          row(WORKFLOW_OPERATE, ALL, NONE, NONE, ALL, NONE, NONE),
          row(TASK_READ, ALL, NONE, OWN, ALL, ALL, NONE),
          row(TASK_WORK, ALL, NONE, OWN, ALL, ALL, NONE),
          row(OUTBOX_READ, ALL, NONE, NONE, ALL, NONE, NONE),
          row(LOOP_READ, ALL, NONE, OWN, ALL, ALL, NONE),
          row(LOOP_STATISTICS, ALL, ALL, NONE, ALL, ALL, NONE),
          row(EVENT_READ, ALL, NONE, OWN, ALL, ALL, NONE),
          row(EVENT_SEND, ALL, NONE, NONE, ALL, NONE, ALL),
          row(HR_FEED, ALL, NONE, NONE, ALL, NONE, NONE),
          row(OPERATIONS_READ, ALL, NONE, NONE, ALL, NONE, NONE),
          row(OPERATIONS_CHANGE, ALL, NONE, NONE, ALL, NONE, NONE),
          row(CLOCK_READ, ALL, ALL, ALL, ALL, ALL, NONE),
          row(CLOCK_MOVE, ALL, NONE, NONE, NONE, NONE, NONE),
          row(API_KEYS, ALL, NONE, NONE, NONE, NONE, NONE),
          row(AUDIT_READ, ALL, NONE, NONE, NONE, NONE, NONE),
          row(PERSONAL_DATA_READ, ALL, NONE, OWN, ALL, ALL, NONE),
          row(SUBJECT_ERASE, ALL, NONE, NONE, NONE, NONE, NONE));

  private AccessPolicy() {}

  /** How far a role comes with a permission. */
  public static Reach reach(Role role, Permission permission) {
    return switch (role) {
      case LOCAL -> ALL;
      case NOBODY -> NONE;
      default -> TABLE.getOrDefault(permission, Map.of()).getOrDefault(role, NONE);
    };
  }

  /** The roles of the table, from left to right. */
  public static List<Role> columns() {
    return COLUMNS;
  }

  private static Map.Entry<Permission, Map<Role, Reach>> row(
      Permission permission, Reach... byColumn) {
    if (byColumn.length != COLUMNS.size()) {
      throw new IllegalArgumentException("A row has one reach for each role: " + permission);
    }
    Map<Role, Reach> row = new EnumMap<>(Role.class);
    for (int i = 0; i < byColumn.length; i++) {
      row.put(COLUMNS.get(i), byColumn[i]);
    }
    return Map.entry(permission, row);
  }
}
