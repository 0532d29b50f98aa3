package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The deployment files say what the code understands. */
class DeploymentFilesTest {

  private static final Path MODULE = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
  private static final Path FILES = MODULE.resolve("deploy");
  private static final Pattern VARIABLE = Pattern.compile("\\bTWINLOOP_[A-Z_]+");
  private static final YAMLMapper YAML = new YAMLMapper();

  @Test
  void shouldNameOnlyVariablesThatAreRead() throws IOException {
    Set<String> read = new TreeSet<>();
    try (Stream<Path> all = Files.walk(MODULE.getParent(), 5)) {
      for (Path file :
          all.filter(it -> it.toString().contains("src/main/resources"))
              .filter(it -> it.toString().endsWith(".conf"))
              .toList()) {
        read.addAll(variablesOf(file));
      }
    }
    assertThat(read).contains("TWINLOOP_POSTGRES_URL", "TWINLOOP_SEEDS");
    Set<String> named = new TreeSet<>();
    for (Path file : deploymentFiles()) {
      variablesOf(file).forEach(variable -> named.add(variable.replaceFirst("_FILE$", "")));
    }
    assertThat(named).hasSizeGreaterThan(8);
    assertThat(read).containsAll(named);
  }

  @Test
  void shouldProbeWhatTheManagementPortAnswers() throws IOException {
    JsonNode container = of("StatefulSet").at("/spec/template/spec/containers/0");
    assertThat(container.at("/livenessProbe/httpGet/path").asText()).isEqualTo("/health");
    assertThat(container.at("/readinessProbe/httpGet/path").asText()).isEqualTo("/health/ready");
    String docker = Files.readString(FILES.resolve("Dockerfile"));
    for (JsonNode port : container.path("ports")) {
      String number = port.path("containerPort").asText();
      assertThat(docker).containsPattern("TWINLOOP_[A-Z]+_PORT=" + number);
      assertThat(docker).containsPattern("EXPOSE.*" + number);
    }
    for (String probe : List.of("livenessProbe", "readinessProbe")) {
      assertThat(container.path(probe).at("/httpGet/port").asText()).isEqualTo("management");
    }
  }

  @Test
  void shouldMeanTheSamePodsEverywhere() throws IOException {
    JsonNode labels = of("StatefulSet").at("/spec/template/metadata/labels");
    assertThat(labels.isObject()).isTrue();
    assertThat(of("StatefulSet").at("/spec/selector/matchLabels")).isEqualTo(labels);
    assertThat(of("PodDisruptionBudget").at("/spec/selector/matchLabels")).isEqualTo(labels);
    assertThat(of("NetworkPolicy").at("/spec/podSelector/matchLabels")).isEqualTo(labels);
    assertThat(manifests().stream().filter(it -> it.path("kind").asText().equals("Service")))
        .hasSize(2)
        .allSatisfy(service -> assertThat(service.at("/spec/selector")).isEqualTo(labels));
    assertThat(of("HorizontalPodAutoscaler").at("/spec/scaleTargetRef/name"))
        .isEqualTo(of("StatefulSet").at("/metadata/name"));
  }

  @Test
  void shouldLetTheMajorityStayAndANodeLeaveInOrder() throws IOException {
    assertThat(of("PodDisruptionBudget").at("/spec/maxUnavailable").asInt()).isEqualTo(1);
    assertThat(of("StatefulSet").at("/spec/replicas").asInt()).isGreaterThanOrEqualTo(3);
    assertThat(of("HorizontalPodAutoscaler").at("/spec/minReplicas").asInt())
        .isGreaterThanOrEqualTo(3);
    assertThat(of("StatefulSet").at("/spec/template/spec/terminationGracePeriodSeconds").asInt())
        .isGreaterThanOrEqualTo(60);
  }

  @Test
  void shouldGiveAllNodesTheSameSeedsInTheSameOrder() throws IOException {
    JsonNode compose = YAML.readTree(FILES.resolve("compose.yaml").toFile());
    String seeds = compose.at("/x-node-environment/TWINLOOP_SEEDS").asText();
    List<String> hosts = new ArrayList<>();
    Matcher seed = Pattern.compile("pekko://twinloop@([a-z0-9-]+):25520").matcher(seeds);
    while (seed.find()) {
      hosts.add(seed.group(1));
    }
    assertThat(hosts).containsExactly("node-1", "node-2", "node-3");
    assertThat(compose.path("services").properties().stream().map(it -> it.getKey()))
        .containsAll(hosts);
    assertThat(of("ConfigMap").at("/data/TWINLOOP_SEEDS").asText().split(",", -1))
        .hasSize(3)
        .allMatch(it -> it.matches("pekko://twinloop@twinloop-[0-2]\\.twinloop-nodes:25520"));
  }

  private static JsonNode of(String kind) throws IOException {
    return manifests().stream()
        .filter(it -> it.path("kind").asText().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private static List<JsonNode> manifests() throws IOException {
    try (MappingIterator<JsonNode> documents =
        YAML.readerFor(JsonNode.class)
            .readValues(FILES.resolve("kubernetes/twinloop.yaml").toFile())) {
      return documents.readAll();
    }
  }

  private static List<Path> deploymentFiles() throws IOException {
    try (Stream<Path> all = Files.walk(FILES)) {
      return all.filter(Files::isRegularFile).filter(it -> !it.endsWith("README.md")).toList();
    }
  }

  private static Set<String> variablesOf(Path file) throws IOException {
    Set<String> variables = new TreeSet<>();
    Matcher matcher = VARIABLE.matcher(Files.readString(file));
    while (matcher.find()) {
      variables.add(matcher.group());
    }
    return variables;
  }
}
