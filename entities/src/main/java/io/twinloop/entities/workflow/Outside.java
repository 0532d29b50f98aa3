package io.twinloop.entities.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.HttpCalls;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * What runs of workflows reach beyond themselves.
 *
 * @param http calls to other systems
 * @param kpi the current value of a KPI by its id, {@code {value, timestamp}}; fails when there is
 *     none
 */
public record Outside(HttpCalls http, Function<String, CompletionStage<JsonNode>> kpi) {}
