package dev.gapless.acceptance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;

/** Reads {@code id > last} over and over, as people do: what it misses is what Gapless is for. */
final class NaiveReader {
  private final CompletableFuture<List<Long>> result;
  private volatile boolean stopped;

  private NaiveReader(DataSource source, long after) {
    result =
        CompletableFuture.supplyAsync(() -> read(source, after), task -> new Thread(task).start());
  }

  static NaiveReader start(DataSource source, long after) {
    return new NaiveReader(source, after);
  }

  /** All it has seen; it reads once more before it ends. */
  List<Long> stop() {
    stopped = true;
    return result.join();
  }

  private List<Long> read(DataSource source, long after) {
    List<Long> seen = new ArrayList<>();
    try (Connection connection = source.getConnection();
        PreparedStatement select =
            connection.prepareStatement("SELECT id FROM gapless.events WHERE id > ? ORDER BY id")) {
      long last = after;
      boolean more = true;
      while (more) {
        more = !stopped;
        select.setLong(1, last);
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            last = rows.getLong(1);
            seen.add(last);
          }
        }
      }
      return seen;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
