package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The first loop as the README tells it, by its own commands. */
final class ReadmeLoop {

  private ReadmeLoop() {}

  /** Runs the commands against a node, and sees that they closed the loop. */
  static void close(NodeProcess node, Path folder) throws Exception {
    Process bash =
        new ProcessBuilder("bash", "-eu", "-c", commands(node))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("readme.txt").toFile())
            .start();
    boolean ended = bash.waitFor(2, TimeUnit.MINUTES);
    String output = Files.readString(folder.resolve("readme.txt"));
    assertThat(ended).as("the commands end; they printed %s", output).isTrue();
    assertThat(bash.exitValue()).as(output).isZero();
    assertThat(output)
        .contains("\"accepted\":61")
        .contains("Respond to anomaly of Order rate")
        .contains("\"state\":\"closed\"")
        .contains("dto.kpi.anomaly_detected", "bpa.kpi.updated", "bpa.workflow.completed");
    seeItsStory(new Twin(node::url));
  }

  private static void seeItsStory(Twin twin) {
    JsonNode loop =
        twin.loops().stream()
            .filter(each -> each.get("entityId").asText().equals("order-rate"))
            .findFirst()
            .orElseThrow();
    JsonNode story = twin.loop(loop.get("correlationId").asText());
    for (String phase : List.of("sense", "decide", "act", "measure")) {
      assertThat(story.get(phase)).as(phase).isNotEmpty();
      assertThat(story.get(phase)).allMatch(step -> step.hasNonNull("at"));
    }
  }

  private static String commands(NodeProcess node) throws IOException {
    String readme = Files.readString(root().resolve("README.md"));
    String begin = "<!-- first loop: begin -->";
    String story =
        readme.substring(
            readme.indexOf(begin) + begin.length(), readme.indexOf("<!-- first loop: end -->"));
    return "TWIN=" + node.url() + "\n" + story.replace("```bash", "").replace("```", "");
  }

  /** The repository's root, from wherever the tests run. */
  static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("README.md")) && Files.exists(here.resolve("twinloop"))
        ? here
        : here.getParent();
  }
}
