package io.twinloop.projections;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Statements with their parameters, on a plain JDBC connection.
 *
 * <p>PostgreSQL keeps no NUL in a text: it is written as U+FFFD. Were it refused, one name with a
 * NUL would hold back a projection for ever. JSON columns keep it, since there it is an escape;
 * they are of type {@code json}, as {@code jsonb} would refuse that.
 */
public final class Sql {

  private Sql() {}

  /** Reads one row. */
  @FunctionalInterface
  public interface Row<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** Runs a statement; answers how many rows it changed. */
  public static int update(Connection connection, String sql, @Nullable Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepare(connection, sql, parameters)) {
      return statement.executeUpdate();
    }
  }

  /** Runs a statement once for each row of parameters, in order, without waiting in between. */
  public static void updateAll(Connection connection, String sql, List<@Nullable Object[]> rows)
      throws SQLException {
    if (rows.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (@Nullable Object[] row : rows) {
        bind(statement, row);
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  /** Runs a query; answers its rows in order. */
  public static <T> List<T> list(
      Connection connection, String sql, Row<T> row, @Nullable Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepare(connection, sql, parameters);
        ResultSet rows = statement.executeQuery()) {
      List<T> all = new ArrayList<>();
      while (rows.next()) {
        all.add(row.read(rows));
      }
      return all;
    }
  }

  /** Runs a query of at most one row. */
  public static <T> Optional<T> one(
      Connection connection, String sql, Row<T> row, @Nullable Object... parameters)
      throws SQLException {
    List<T> all = list(connection, sql, row, parameters);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(0));
  }

  /** A column of text values, for {@code unnest(?)}. */
  public static Array texts(Connection connection, List<? extends @Nullable String> values)
      throws SQLException {
    return connection.createArrayOf(
        "text", values.stream().map(text -> text == null ? null : storable(text)).toArray());
  }

  /** A column of whole numbers, for {@code unnest(?)}. */
  public static Array longs(Connection connection, List<Long> values) throws SQLException {
    return connection.createArrayOf("bigint", values.toArray());
  }

  /** A column of byte strings, for {@code unnest(?)}. */
  public static Array bytes(Connection connection, List<byte[]> values) throws SQLException {
    return connection.createArrayOf("bytea", values.toArray(new byte[0][]));
  }

  /** A column of instants, for {@code unnest(?)}. */
  public static Array instants(Connection connection, List<? extends @Nullable Instant> values)
      throws SQLException {
    return connection.createArrayOf(
        "timestamptz",
        values.stream().map(at -> at == null ? null : at.toString()).toArray(String[]::new));
  }

  /** The instant in a column that may be null. */
  public static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
  }

  /** The byte strings of an array in a column. */
  public static byte[][] bytes(ResultSet row, String column) throws SQLException {
    return (byte[][]) row.getArray(column).getArray();
  }

  /** The number in a column that may be null. */
  public static @Nullable Double number(ResultSet row, String column) throws SQLException {
    double value = row.getDouble(column);
    return row.wasNull() ? null : value;
  }

  private static String storable(String text) {
    return text.replace('\0', '\uFFFD');
  }

  private static PreparedStatement prepare(
      Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      bind(statement, parameters);
      return statement;
    } catch (SQLException e) {
      statement.close();
      throw e;
    }
  }

  private static void bind(PreparedStatement statement, @Nullable Object... parameters)
      throws SQLException {
    for (int i = 0; i < parameters.length; i++) {
      Object parameter = parameters[i];
      if (parameter instanceof Instant instant) {
        statement.setObject(i + 1, instant.atOffset(ZoneOffset.UTC));
      } else if (parameter instanceof String text) {
        statement.setString(i + 1, storable(text));
      } else {
        statement.setObject(i + 1, parameter);
      }
    }
  }
}
