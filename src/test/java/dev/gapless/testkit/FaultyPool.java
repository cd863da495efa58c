package dev.gapless.testkit;

import com.zaxxer.hikari.HikariDataSource;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A pool whose users can be disturbed at every step they take: each connection asked for, each
 * query and each row fetched is a step, numbered from 1. Thread-safe.
 */
public final class FaultyPool implements DataSource {
  /** What a user does. */
  public enum Step {
    CONNECTION,
    QUERY,
    ROW
  }

  /** What happens when a user takes a step; the connection is absent at {@link Step#CONNECTION}. */
  public interface Fault {
    void at(Step step, Optional<Connection> connection) throws SQLException;
  }

  private final HikariDataSource pool;
  private final List<Step> steps = new ArrayList<>();
  private int faultAt;
  private Fault fault = (step, connection) -> {};

  public FaultyPool(HikariDataSource pool) {
    this.pool = pool;
  }

  /** Counts anew, and disturbs the step of this number; 0 disturbs none. */
  public synchronized void disturb(int number, Fault next) {
    steps.clear();
    faultAt = number;
    fault = next;
  }

  /** Those taken since the last {@link #disturb}. */
  public synchronized List<Step> steps() {
    return List.copyOf(steps);
  }

  private void take(Step step, Optional<Connection> connection) throws SQLException {
    Optional<Fault> now;
    synchronized (this) {
      steps.add(step);
      now = steps.size() == faultAt ? Optional.of(fault) : Optional.empty();
    }
    if (now.isPresent()) {
      now.get().at(step, connection);
    }
  }

  @Override
  public Connection getConnection() throws SQLException {
    take(Step.CONNECTION, Optional.empty());
    Connection connection = pool.getConnection();
    return watched(Connection.class, connection, connection);
  }

  private <T> T watched(Class<T> type, T target, Connection connection) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              String name = method.getName();
              if (name.startsWith("execute")) {
                take(Step.QUERY, Optional.of(connection));
              } else if (name.equals("next")) {
                take(Step.ROW, Optional.of(connection));
              }
              try {
                return wrap(method.invoke(target, arguments), connection);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private @Nullable Object wrap(@Nullable Object result, Connection connection) {
    if (result instanceof PreparedStatement statement) {
      return watched(PreparedStatement.class, statement, connection);
    }
    if (result instanceof Statement statement) {
      return watched(Statement.class, statement, connection);
    }
    return result instanceof ResultSet rows ? watched(ResultSet.class, rows, connection) : result;
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw new java.sql.SQLFeatureNotSupportedException();
  }

  @Override
  public PrintWriter getLogWriter() throws SQLException {
    return pool.getLogWriter();
  }

  @Override
  public void setLogWriter(PrintWriter out) throws SQLException {
    pool.setLogWriter(out);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    pool.setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return pool.getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return pool.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return pool.isWrapperFor(type);
  }
}
