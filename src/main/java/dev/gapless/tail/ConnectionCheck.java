package dev.gapless.tail;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * What a new connection has to pass before anything read on it counts. Blocking; called on the
 * tail's own thread.
 */
@FunctionalInterface
public interface ConnectionCheck {
  /** Refuses by throwing; the tail then tries another connection after a pause. */
  void check(Connection connection) throws SQLException;
}
