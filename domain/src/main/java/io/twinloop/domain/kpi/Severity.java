package io.twinloop.domain.kpi;

/** How far an anomaly lies outside its baseline; the order is the order of urgency. */
public enum Severity {
  HIGH,
  CRITICAL
}
