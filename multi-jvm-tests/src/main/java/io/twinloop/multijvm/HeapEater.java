package io.twinloop.multijvm;

import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/**
 * Takes all the memory of another JVM, as a leak in it would: an agent that is loaded into it and
 * keeps what it allocates until there is no more.
 */
public final class HeapEater {

  private static final int BITE = 1 << 20;

  /** What was taken stays taken. */
  private static final List<byte[]> EATEN = new ArrayList<>();

  private HeapEater() {}

  /** Runs in the other JVM. */
  public static void agentmain(String arguments) {
    Thread thread = new Thread(HeapEater::eat, "heap-eater");
    thread.setDaemon(true);
    thread.start();
  }

  private static void eat() {
    while (true) {
      EATEN.add(new byte[BITE]);
    }
  }

  /**
   * Sends it into a JVM of the same user; returns when it has begun.
   *
   * @param folder for the jar with the agent
   */
  public static void sendTo(long pid, Path folder) {
    try {
      VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
      try {
        machine.loadAgent(jar(folder).toString());
      } finally {
        machine.detach();
      }
    } catch (Exception e) { // the attach API has a checked exception for each of its steps
      throw new IllegalStateException("No agent can be loaded into process " + pid, e);
    }
  }

  private static Path jar(Path folder) throws IOException {
    Path jar = folder.resolve("heap-eater.jar").toAbsolutePath();
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Agent-Class", HeapEater.class.getName());
    String entry = HeapEater.class.getName().replace('.', '/') + ".class";
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file, manifest);
        InputStream code =
            Objects.requireNonNull(HeapEater.class.getResourceAsStream("/" + entry), entry)) {
      out.putNextEntry(new JarEntry(entry));
      code.transferTo(out);
      out.closeEntry();
    }
    return jar;
  }
}
