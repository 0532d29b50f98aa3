package io.twinloop.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** {@code convert organogram FILE}: another format in, lines for {@code import} out. */
final class ConvertCommand {

  private ConvertCommand() {}

  static int run(Arguments arguments, PrintStream out, PrintStream err) throws IOException {
    arguments.know("--root", "--label");
    List<String> words = arguments.words("a format", "FILE");
    if (!words.get(0).equals("organogram")) {
      throw new MisuseException(
          "Expected the format to be organogram, not '" + words.get(0) + "'.");
    }
    Organogram organogram =
        new Organogram(
            arguments.option("--root").orElse(Organogram.ROOT),
            arguments.option("--label").orElse(Organogram.LABEL));
    try (BufferedReader reader = InputFiles.reader(Path.of(words.get(1)))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        organogram.read(line);
      }
    }
    organogram.write(out::println);
    organogram.report().forEach(err::println);
    return out.checkError() ? 1 : 0;
  }
}
