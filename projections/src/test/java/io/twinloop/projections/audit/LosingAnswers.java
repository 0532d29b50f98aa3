package io.twinloop.projections.audit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/** A database whose answer to a commit is lost once: it was done, and nobody heard of it. */
final class LosingAnswers {

  private final DataSource real;
  private final AtomicBoolean loses = new AtomicBoolean();
  private final AtomicBoolean lost = new AtomicBoolean();

  LosingAnswers(DataSource real) {
    this.real = real;
  }

  void loseNextCommit() {
    loses.set(true);
  }

  boolean lost() {
    return lost.get();
  }

  DataSource source() {
    return proxy(DataSource.class, real, (method, result) -> proxied((Connection) result));
  }

  private Connection proxied(Connection connection) {
    return proxy(
        Connection.class,
        connection,
        (method, result) -> {
          if (method.equals("commit") && loses.getAndSet(false)) {
            lost.set(true);
            throw new SQLException("The connection broke while the commit was answered.", "08006");
          }
          return result;
        });
  }

  @FunctionalInterface
  private interface Afterwards {
    Object change(String method, Object result) throws SQLException;
  }

  private static <T> T proxy(Class<T> type, T real, Afterwards afterwards) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return afterwards.change(method.getName(), method.invoke(real, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
