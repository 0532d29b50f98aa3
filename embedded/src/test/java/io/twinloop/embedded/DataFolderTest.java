package io.twinloop.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may use a data folder, and what it says to the others. */
class DataFolderTest {
  @TempDir Path parent;

  @Test
  void shouldBeMadeForThisUserOnly() throws IOException {
    Path root = parent.resolve("deep").resolve("data");
    try (DataFolder folder = DataFolder.open(root)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.root())))
          .isEqualTo("rwx------");
      assertThat(root.resolve("run").resolve("node.pid"))
          .hasContent(Long.toString(ProcessHandle.current().pid()));
    }
    assertThat(root.resolve("run").resolve("node.pid")).doesNotExist();
  }

  @Test
  void shouldBelongToOneNodeAtATime() throws IOException {
    try (DataFolder held = DataFolder.open(parent)) {
      assertThatThrownBy(() -> DataFolder.open(held.root()))
          .isInstanceOf(CannotStartException.class)
          .hasMessage(
              "The data folder %s is held by another node (process %d): stop that one, or choose another folder with --data.",
              parent, ProcessHandle.current().pid());
    }
    DataFolder.open(parent).close();
  }

  @Test
  void shouldRefuseALayoutOfANewerRelease() throws IOException {
    DataFolder.open(parent).close();
    Files.writeString(parent.resolve("layout"), "2\n");
    assertThatThrownBy(() -> DataFolder.open(parent))
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining("has layout '2', but this release knows only layout 1");
  }

  @Test
  void shouldRefuseAFile() throws IOException {
    Path file = Files.writeString(parent.resolve("file"), "");
    assertThatThrownBy(() -> DataFolder.open(file))
        .isInstanceOf(CannotStartException.class)
        .hasMessage(
            "%s is a file, but the data needs a folder: choose another one with --data.", file);
  }

  @Test
  void shouldRefuseAFolderItCannotWrite() throws IOException {
    assumeFalse(PostgreSqlBinaries.isRoot(), "root may write everywhere");
    Path readOnly =
        Files.createDirectory(
            parent.resolve("read-only"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-x------")));
    assertThatThrownBy(() -> DataFolder.open(readOnly))
        .isInstanceOf(CannotStartException.class)
        .hasMessageContaining("can't be written by user");
  }

  @Test
  void shouldRememberPortsAndGiveThemAgainWhenFree() throws IOException {
    int free = Ports.findFree();
    try (DataFolder folder = DataFolder.open(parent)) {
      assertThat(folder.rememberedPort("kafka")).isZero();
      folder.remember(free, null);
      assertThat(folder.rememberedPort("postgres")).isEqualTo(free);
      assertThat(folder.rememberedPort("kafka")).isZero();
    }
  }

  @Test
  void shouldForgetPortsThatAreNone() throws IOException {
    try (DataFolder folder = DataFolder.open(parent)) {
      Files.writeString(parent.resolve("run").resolve("ports"), "postgres=many\nkafka=70000\n");
      assertThat(folder.rememberedPort("postgres")).isZero();
      assertThat(folder.rememberedPort("kafka")).isZero();
    }
  }
}
