package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.joran.spi.JoranException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What strangers send can't forge a line of a node's log. */
class LogLinesTest {

  private static final Pattern LINE = Pattern.compile("\\d{4}-\\d{2}-\\d{2}T.*");

  private final LoggerContext context = new LoggerContext();

  @BeforeEach
  void configure() throws JoranException {
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(LogLinesTest.class.getResource("/logback.xml"));
  }

  @AfterEach
  void stop() {
    context.stop();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029", "\u001B[2K\r", "\u202E"})
  void shouldStayOneLineWhateverIsInTheMessage(String bad) {
    String forged = "2026-01-01T00:00:00.000Z ERROR forged";

    String text = written("refused 'a" + bad + forged + "'", null);

    assertThat(text).endsWith("\n").containsOnlyOnce("\n");
    assertThat(text.substring(0, text.length() - 1)).doesNotContain(bad);
  }

  @Test
  void shouldMarkTheLinesOfATrace() {
    String text =
        written(
            "failed",
            new IllegalStateException("no '\n2026-01-01T00:00:00.000Z ERROR forged\u001B[2K'"));

    assertThat(text).contains("IllegalStateException").contains("\tat ").doesNotContain("\u001B");
    List<String> lines = text.lines().toList();
    assertThat(lines).filteredOn(line -> LINE.matcher(line).matches()).hasSize(1);
    assertThat(lines.subList(2, lines.size())).allMatch(line -> line.startsWith("  | "));
  }

  private String written(String message, @Nullable Throwable failure) {
    Logger logger = context.getLogger("io.twinloop.Test");
    LoggingEvent event =
        new LoggingEvent(
            LogLinesTest.class.getName(),
            logger,
            Level.ERROR,
            "{}",
            failure,
            new Object[] {message});
    ConsoleAppender<ILoggingEvent> appender =
        (ConsoleAppender<ILoggingEvent>)
            context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).getAppender("STDOUT");
    return new String(appender.getEncoder().encode(event), StandardCharsets.UTF_8);
  }
}
