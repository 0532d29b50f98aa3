package io.twinloop.client;

import java.io.IOException;
import java.io.PrintStream;

/** {@code status}: whether a node is ready, in the line its answer would begin with. */
final class StatusCommand {

  private StatusCommand() {}

  static int run(Arguments arguments, PrintStream out, PrintStream err)
      throws IOException, InterruptedException {
    arguments.know("--port", "--url");
    arguments.words();
    int status = new TwinloopClient(TwinloopClient.address(arguments)).status("/health/ready");
    out.println("HTTP/1.1 " + status);
    return status == 200 ? 0 : 1;
  }
}
