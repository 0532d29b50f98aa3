package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.twinloop.domain.identity.AccessPolicy;
import io.twinloop.domain.identity.AccessRule;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.http.identity.Login;
import io.twinloop.http.identity.TestTokens;
import io.twinloop.http.operations.Availability;
import io.twinloop.http.operations.HealthCheck;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every route of the OpenAPI document is tried with every role, as a domain, with an API key and
 * without credentials, and answers as the table in {@code docs/access.md} says.
 *
 * <p>The routes are the product's; behind them everything vital is away, so whoever gets through to
 * a handler is told 503 and nothing happens.
 */
class RoleWalkTest {

  private static final String API_KEY = "twl_0123456789abcdef_" + "A".repeat(43);
  private static final JsonNode DOCUMENT = OpenApiDocument.load().json();

  private static TestServer server;
  private static List<Endpoint> table;

  @BeforeAll
  static void start() {
    HealthCheck away = new HealthCheck("PostgreSQL", true, CompletableFuture::new);
    table =
        new Surface(
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                new Availability(List.of(away), Clock.systemUTC()),
                null,
                null,
                null,
                null)
            .endpoints();
    server =
        TestServer.with(table.toArray(Endpoint[]::new))
            .authenticator(
                Login.of(
                    TestTokens.settings(),
                    Optional.empty(),
                    key -> CompletableFuture.completedStage(Identity.user("key:1", Role.ANALYST)),
                    Clock.systemUTC()))
            .settings("twinloop.limits.when = never")
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** An operation of the document. */
  private record Operation(String method, String path, JsonNode security) {
    String name() {
      return method + " " + path;
    }

    /** With something in the place of each parameter. */
    String address() {
      return path.replaceAll("\\{[^}]*}", "x");
    }

    /** What it needs by the document; empty when it is open to anybody. */
    Optional<String> permission() {
      return security.isEmpty()
          ? Optional.empty()
          : Optional.of(security.get(0).path("token").path(0).asText());
    }
  }

  private static List<Operation> operations() {
    List<Operation> operations = new ArrayList<>();
    for (Map.Entry<String, JsonNode> path : DOCUMENT.path("paths").properties()) {
      for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
        String method = operation.getKey().toUpperCase(Locale.ROOT);
        if (List.of("GET", "PUT", "POST", "PATCH", "DELETE").contains(method)) {
          operations.add(
              new Operation(method, path.getKey(), operation.getValue().path("security")));
        }
      }
    }
    return operations;
  }

  @Test
  void shouldFindARuleInTheDocumentForEveryRoute() {
    assertThat(operations()).hasSizeGreaterThan(80);
    for (Operation operation : operations()) {
      assertThat(operation.security().isArray()).as(operation.name() + " has security").isTrue();
      for (JsonNode way : operation.security()) {
        assertThat(way.properties()).hasSize(1);
        assertThat(way.elements().next().toString())
            .as(operation.name())
            .isEqualTo("[\"" + operation.permission().orElseThrow() + "\"]");
      }
    }
  }

  @Test
  void shouldSayInTheDocumentWhatTheRoutesAskFor() {
    Map<String, String> byTable = new TreeMap<>();
    table.stream()
        .filter(Endpoint::documented)
        .forEach(
            endpoint ->
                byTable.put(
                    endpoint.method().name() + " " + endpoint.path(),
                    endpoint.access() instanceof Permission permission
                        ? permission.wireName()
                        : "anybody"));
    Map<String, String> byDocument = new TreeMap<>();
    operations()
        .forEach(
            operation ->
                byDocument.put(operation.name(), operation.permission().orElse("anybody")));

    assertThat(byDocument).isEqualTo(byTable);
  }

  @Test
  void shouldBeOpenOnlyWhereTheDocumentationSaysSo() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "access.md"));
    for (Endpoint endpoint : table) {
      if (endpoint.access() instanceof AccessRule.Open) {
        String path = endpoint.path().startsWith("/pages/") ? "/pages/…" : endpoint.path();
        path = path.equals("/docs/{file*}") ? "/docs" : path;
        assertThat(page).as(endpoint.path()).contains("`" + path + "`");
      }
    }
  }

  @Test
  void shouldKeepToTheReachWhereverARoleHasAPermissionInPart() {
    for (Endpoint endpoint : table) {
      if (endpoint.access() instanceof Permission permission) {
        boolean inPart =
            Role.ofUsers().stream()
                .anyMatch(role -> AccessPolicy.reach(role, permission).isPartial());
        assertThat(endpoint.narrowed()).as(endpoint.path()).isEqualTo(inPart);
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> shouldAnswerEveryRouteAsTheTableSays() throws IOException {
    Map<String, Map<String, String>> rows = rows();
    return operations().stream()
        .map(operation -> DynamicTest.dynamicTest(operation.name(), () -> walk(operation, rows)));
  }

  private static void walk(Operation operation, Map<String, Map<String, String>> rows) {
    boolean open = operation.permission().isEmpty();
    assertThat(ask(operation)).as("without credentials").isEqualTo(open ? "let in" : "401");
    assertThat(ask(operation, "Authorization", "Bearer nonsense"))
        .as("with nonsense")
        .isEqualTo(open ? "let in" : "401");
    Map<String, String> row = open ? Map.of() : rows.get(operation.permission().get());
    assertThat(row).as("the table has a row for " + operation.permission()).isNotNull();

    for (Role role : Role.ofUsers()) {
      String expected = open ? "let in" : expected(row.get(role.wireName()));
      String token = TestTokens.of("u-" + role.wireName(), role.wireName());
      assertThat(ask(operation, "Authorization", "Bearer " + token))
          .as(role.wireName())
          .isEqualTo(expected);
    }
    assertThat(ask(operation, "Authorization", "Bearer " + TestTokens.ofDomain("BNI")))
        .as("domain")
        .isEqualTo(open ? "let in" : expected(row.get("domain")));
    assertThat(ask(operation, "X-Api-Key", API_KEY))
        .as("API key of an analyst")
        .isEqualTo(open ? "let in" : expected(row.get("analyst")));
  }

  private static String expected(String cell) {
    return cell.equals("no") ? "403" : "let in";
  }

  private static String ask(Operation operation, String... headers) {
    HttpRequest.Builder request =
        server
            .request(operation.address())
            .method(operation.method(), HttpRequest.BodyPublishers.noBody());
    Reply reply = server.send(headers.length == 0 ? request : request.headers(headers));
    return switch (reply.statusCode()) {
      case 401, 403 -> Integer.toString(reply.statusCode());
      case 200, 503 -> "let in";
      default -> reply.statusCode() + " " + reply.body();
    };
  }

  /** The table of the documentation: permission, role, how far. */
  private static Map<String, Map<String, String>> rows() throws IOException {
    List<String> roles = new ArrayList<>();
    Map<String, Map<String, String>> rows = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of("..", "docs", "access.md"))) {
      List<String> cells =
          Arrays.stream(line.split("\\|", -1))
              .map(String::strip)
              .filter(cell -> !cell.isEmpty())
              .toList();
      if (line.startsWith("| permission |")) {
        roles.addAll(cells.subList(2, cells.size()));
      } else if (line.matches("\\| `[a-z:-]+`( \\| [^|]+){7} \\|")) {
        Map<String, String> row = new LinkedHashMap<>();
        for (int i = 0; i < roles.size(); i++) {
          row.put(roles.get(i), cells.get(i + 2));
        }
        rows.put(cells.get(0).replace("`", ""), row);
      }
    }
    assertThat(new TreeSet<>(roles)).contains("twin_admin", "domain");
    return rows;
  }
}
