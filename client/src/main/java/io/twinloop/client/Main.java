package io.twinloop.client;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The command line: {@code convert}, {@code import}, {@code status}. The launcher calls it. */
public final class Main {

  private static final Map<String, Command> COMMANDS =
      Map.of(
          "convert", ConvertCommand::run,
          "import", ImportCommand::run,
          "status", StatusCommand::run);

  private Main() {}

  /** A command; ends with its exit code: 0 done, 1 not done. */
  interface Command {
    int run(Arguments arguments, PrintStream out, PrintStream err)
        throws IOException, InterruptedException;
  }

  public static void main(String[] args) throws InterruptedException {
    System.exit(run(Arrays.asList(args), System.out, System.err));
  }

  /** Runs a command; ends with its exit code, 2 where it was called wrongly. */
  static int run(List<String> args, PrintStream out, PrintStream err) throws InterruptedException {
    try {
      Command command = args.isEmpty() ? null : COMMANDS.get(args.get(0));
      if (command == null) {
        throw new MisuseException(
            "Expected one of %s, not '%s'."
                .formatted(
                    String.join(", ", COMMANDS.keySet().stream().sorted().toList()),
                    args.isEmpty() ? "" : args.get(0)));
      }
      return command.run(Arguments.of(args.subList(1, args.size())), out, err);
    } catch (MisuseException e) {
      err.println("twinloop: " + e.getMessage() + " See './twinloop help'.");
      return 2;
    } catch (IOException e) {
      err.println("twinloop: " + (e.getMessage() == null ? e.toString() : e.getMessage()));
      return 1;
    } finally {
      out.flush();
    }
  }
}
