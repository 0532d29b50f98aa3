package io.twinloop.client.demo;

import java.util.List;

/** Stands in for the demo where only the launcher is tried: runs until it is told to end. */
public final class DemoMain {
  public static void main(String[] arguments) throws Exception {
    System.out.println("the fake demo runs with " + String.join(" ", arguments));
    if ("yes".equals(System.getenv("FAKE_DEMO_FAILS"))) {
      System.exit(1);
    }
    if (!List.of(arguments).contains("--once")) {
      Thread.currentThread().join();
    }
  }
}
