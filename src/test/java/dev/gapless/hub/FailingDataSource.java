package dev.gapless.hub;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.SQLTransientConnectionException;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/** A pool that is exhausted when the test says so. */
final class FailingDataSource {
  private FailingDataSource() {}

  static DataSource of(DataSource pool, BooleanSupplier fails) {
    return (DataSource)
        Proxy.newProxyInstance(
            DataSource.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("getConnection") && fails.getAsBoolean()) {
                throw new SQLTransientConnectionException("no connection is free");
              }
              try {
                return method.invoke(pool, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
