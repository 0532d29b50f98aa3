package io.twinloop.embedded;

import java.sql.SQLException;

/** Stands in for a task that needs the servers, does its work and ends. */
public final class TinyTask {
  private TinyTask() {}

  public static void main(String[] arguments) throws SQLException {
    String postgres = System.getProperty(EmbeddedMain.POSTGRES_URL);
    System.out.println("two is " + Sql.at(postgres).value("SELECT 1 + 1"));
  }
}
