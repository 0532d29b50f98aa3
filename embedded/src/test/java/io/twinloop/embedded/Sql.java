package io.twinloop.embedded;

import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** One-line SQL for tests, on a connection of its own each time. */
final class Sql {
  private final String url;

  private Sql(String url) {
    this.url = url;
  }

  static Sql on(PostgreSqlServer server) {
    return at(server.url());
  }

  /**
   * The database behind one of our URLs.
   *
   * @param url {@code postgresql://user:password@host:port/database}
   */
  static Sql at(String url) {
    URI uri = URI.create(url);
    String[] login = uri.getUserInfo().split(":", 2);
    return new Sql(
        "jdbc:postgresql://%s:%d%s?user=%s&password=%s&connectTimeout=2&socketTimeout=2"
            .formatted(uri.getHost(), uri.getPort(), uri.getPath(), login[0], login[1]));
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  String value(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      rows.next();
      return rows.getString(1);
    }
  }
}
