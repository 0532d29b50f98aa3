package io.twinloop.client.demo;

/** Something that happens to the company and that it has to answer. */
sealed interface Incident {

  /** A KPI leaves its band and stays away until somebody removes the cause. */
  record KpiOff(String kpiId, double factor, String cause) implements Incident {}

  /**
   * A case runs over its SLA.
   *
   * @param overdue the age at which it is noticed, as a share of the SLA; 1 is at the very instant
   */
  record CaseLate(String processId, double overdue) implements Incident {}

  /** Somebody leaves. */
  record Leaver(String personId) implements Incident {}

  /** A vendor is rated anew, and badly. */
  record VendorFalls(String vendorId, double score) implements Incident {}

  /** A unit books a large amount nobody planned, as a share of its yearly budget. */
  record LargeBooking(String unitId, double share) implements Incident {}

  /** A deadline is moved close to today. */
  record DeadlineNear(String obligationId, int days) implements Incident {}
}
