package io.twinloop.multijvm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Looks for words in everything that is stored: in the bytes of files, and in PostgreSQL column by
 * column, where a long value may stand compressed in the files.
 */
final class StoredBytes {

  private static final int PORTION = 1 << 20;

  private StoredBytes() {}

  /** Where these words stand in the files under a folder. */
  static List<String> inFiles(Path folder, List<String> words) {
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        inFile(file, words).forEach(word -> found.add(word + " in " + folder.relativize(file)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static List<String> inFile(Path file, List<String> words) throws IOException {
    List<String> found = new ArrayList<>();
    int overlap = words.stream().mapToInt(word -> word.length() * 4).max().orElse(0);
    byte[] buffer = new byte[PORTION + overlap];
    try (InputStream input = Files.newInputStream(file)) {
      int kept = 0;
      int read;
      while ((read = input.readNBytes(buffer, kept, buffer.length - kept)) > 0) {
        String text = new String(buffer, 0, kept + read, StandardCharsets.ISO_8859_1);
        for (String word : words) {
          String bytes =
              new String(word.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
          if (!found.contains(word) && text.contains(bytes)) {
            found.add(word);
          }
        }
        int next = Math.min(overlap, kept + read);
        System.arraycopy(buffer, kept + read - next, buffer, 0, next);
        kept = next;
      }
    } catch (NoSuchFileException goneMeanwhile) {
      return found;
    }
    return found;
  }

  /** Where these words stand in the columns of all tables of a database, and what was written. */
  static List<String> inDatabase(String url, List<String> words) {
    List<String> found = new ArrayList<>();
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement()) {
      statement.execute("CHECKPOINT");
      for (String column : columns(statement)) {
        String[] names = column.split("\\|", -1);
        String value = names[2].equals("bytea") ? "\"%s\"" : "convert_to(\"%s\"::text, 'UTF8')";
        String sql =
            "SELECT count(*) FROM \"%s\" WHERE position(? IN %s) > 0"
                .formatted(names[0], value.formatted(names[1]));
        for (String word : words) {
          try (PreparedStatement search = connection.prepareStatement(sql)) {
            search.setBytes(1, word.getBytes(StandardCharsets.UTF_8));
            ResultSet rows = search.executeQuery();
            rows.next();
            if (rows.getLong(1) > 0) {
              found.add(word + " in " + names[0] + "." + names[1]);
            }
          }
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return found;
  }

  private static List<String> columns(Statement statement) throws SQLException {
    List<String> columns = new ArrayList<>();
    try (ResultSet rows =
        statement.executeQuery(
            """
            SELECT table_name || '|' || column_name || '|' || data_type
            FROM information_schema.columns WHERE table_schema = 'public'
            """)) {
      while (rows.next()) {
        columns.add(rows.getString(1));
      }
    }
    return columns;
  }

  private static Connection connect(String url) throws SQLException {
    URI uri = URI.create(url);
    String[] login = uri.getUserInfo().split(":", 2);
    return DriverManager.getConnection(
        "jdbc:postgresql://%s:%d%s".formatted(uri.getHost(), uri.getPort(), uri.getPath()),
        login[0],
        login.length > 1 ? login[1] : "");
  }
}
