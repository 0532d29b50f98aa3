package io.twinloop.domain.workflow;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The definitions the product brings along. Each is an ordinary one: a site can put its own in its
 * place.
 */
public final class BuiltInWorkflows {

  /** The namespace of all of them. */
  public static final String NAMESPACE = "twinloop";

  /** Answers an anomaly of a KPI: tell, ask, measure. */
  public static final String KPI_ANOMALY_RESPONSE = "kpi-anomaly-response";

  /** Somebody joins: told by HR. */
  public static final String EMPLOYEE_ONBOARDING = "employee-onboarding-workflow";

  /** Somebody leaves: told by HR. */
  public static final String EMPLOYEE_OFFBOARDING = "employee-offboarding-workflow";

  private static final List<String> NAMES =
      List.of(
          KPI_ANOMALY_RESPONSE,
          "sla-escalation-workflow",
          "sla-critical-escalation",
          "bottleneck-review-workflow",
          "restructuring-impact-report",
          "hiring-request-workflow",
          "budget-alert-workflow",
          "vendor-review-workflow",
          "compliance-check-workflow",
          EMPLOYEE_ONBOARDING,
          EMPLOYEE_OFFBOARDING,
          "invoice-approval-workflow",
          "contract-renewal-workflow");

  private BuiltInWorkflows() {}

  /** The names of all of them. */
  public static List<String> names() {
    return NAMES;
  }

  /** The sources of all of them, as they would be registered. */
  public static List<String> sources() {
    return NAMES.stream().map(BuiltInWorkflows::source).toList();
  }

  /** The source of one, by its name. */
  public static String source(String name) {
    String resource = "/io/twinloop/workflows/" + name + ".yaml";
    try (InputStream stream = BuiltInWorkflows.class.getResourceAsStream(resource)) {
      if (stream == null) {
        throw new IllegalArgumentException(
            "Expected the name of a built-in workflow, but got '" + name + "'.");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
