package io.twinloop.multijvm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * A folder that looks to the launcher like a built checkout: the real script and the real module
 * 'embedded', and a node and a demo of a few lines.
 */
final class FakeCheckout {
  private FakeCheckout() {}

  static Path in(Path root) throws IOException {
    Files.copy(repositoryRoot().resolve("twinloop"), root.resolve("twinloop"));
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    Path node = Files.createDirectories(root.resolve("cluster-config/target/lib"));
    compile(root, "Main", node.resolve("cluster-config-0.jar"));
    Path client = Files.createDirectories(root.resolve("client/target/lib"));
    compile(root, "DemoMain", client.resolve("client-0.jar"));
    Path embedded = Files.createDirectories(root.resolve("embedded/target/lib"));
    copyOwnClassPath(embedded);
    Files.createDirectories(root.resolve("target"));
    Files.writeString(root.resolve("target/launcher.stamp"), "");
    return root;
  }

  /** The folder of the launcher: this module's parent. */
  private static Path repositoryRoot() {
    Path here = Path.of("").toAbsolutePath();
    while (!Files.isRegularFile(here.resolve("twinloop"))) {
      here = here.getParent();
    }
    return here;
  }

  private static void compile(Path root, String name, Path jar) throws IOException {
    Path source = Files.createDirectories(root.resolve("sources")).resolve(name + ".java");
    try (InputStream in = FakeCheckout.class.getResourceAsStream("/launcher/" + name + ".java")) {
      Files.copy(in, source);
    }
    Path classes = Files.createDirectories(root.resolve("classes").resolve(name));
    JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    int failures = javac.run(null, null, null, "-d", classes.toString(), source.toString());
    if (failures != 0) {
      throw new IllegalStateException("The fake " + name + " does not compile");
    }
    pack(classes, jar);
  }

  private static void copyOwnClassPath(Path lib) throws IOException {
    int folders = 0;
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    for (String entry : List.of(classPath.split(":", -1))) {
      Path path = Path.of(entry);
      if (Files.isDirectory(path)) {
        pack(path, lib.resolve("embedded-0" + folders + ".jar"));
        folders++;
      } else if (entry.endsWith(".jar") && Files.exists(path)) {
        Path link = lib.resolve(path.getFileName());
        if (!Files.exists(link)) {
          Files.createSymbolicLink(link, path);
        }
      }
    }
  }

  private static void pack(Path folder, Path jar) throws IOException {
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out);
        Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        entries.putNextEntry(new JarEntry(folder.relativize(file).toString()));
        Files.copy(file, entries);
        entries.closeEntry();
      }
    }
  }
}
