package dev.gapless.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** History of a million events, for one client and for a hundred, beside a raw JDBC reader. */
final class CatchUp {
  private static final int EVENTS = 1_000_000;
  private static final int MANY = 100;
  private static final int PORTION = 10_000;
  // in the first passes the node is compiling itself
  private static final int WARM_UPS = 4;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final String ALL = "/v1/events?after=earliest";

  private CatchUp() {}

  static void run(int rounds) {
    Outcome outcome = new Outcome("catch-up of " + EVENTS + " events");
    try (Site site = new Site(1, "")) {
      for (int i = 0; i < EVENTS / PORTION; i++) {
        site.execute(
            "INSERT INTO gapless.events (owner, path, type, data)"
                + " SELECT 'acme', '/bench', 'note', jsonb_build_object('text', repeat('x', 20))"
                + " FROM generate_series(1, "
                + PORTION
                + ")");
      }
      site.execute("ANALYZE gapless.events");
      long last = site.lastCommitted();
      Outcome warming = new Outcome("the same while the node warms up");
      for (int i = 0; i < WARM_UPS; i++) {
        clients(site, 1, last, warming, "one client");
      }
      for (int i = 0; i < rounds; i++) {
        outcome.add("raw JDBC reader, events/s", EVENTS / raw(site));
        double one = clients(site, 1, last, outcome, "one client");
        outcome.add("ratio to the raw reader", one / outcome.last("raw JDBC reader, events/s"));
        clients(site, MANY, last, outcome, MANY + " clients");
        outcome.add(
            "pages read for " + MANY + ", ratio to one",
            outcome.last(MANY + " clients: pages read") / outcome.last("one client: pages read"));
      }
    }
    outcome.print();
  }

  /** Seconds for all rows, in pages by the primary key as a catch-up needs them. */
  private static double raw(Site site) {
    long begun = System.nanoTime();
    try (Connection connection = site.source().getConnection();
        PreparedStatement page =
            connection.prepareStatement(
                "SELECT id, owner, path, type, data::text, created_at FROM gapless.events"
                    + " WHERE id > ? ORDER BY id LIMIT 1000")) {
      long after = 0;
      long bytes = 0;
      int rows = -1;
      while (rows != 0) {
        page.setLong(1, after);
        rows = 0;
        try (ResultSet row = page.executeQuery()) {
          while (row.next()) {
            rows++;
            after = row.getLong(1);
            bytes += row.getString(2).length() + row.getString(3).length();
            bytes += row.getString(4).length() + row.getString(5).length();
            bytes += row.getTimestamp(6).getNanos() & 1;
          }
        }
      }
      if (bytes == 0) {
        throw new IllegalStateException("nothing was read");
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return (System.nanoTime() - begun) / (double) TimeUnit.SECONDS.toNanos(1);
  }

  /** Events a second of each client. */
  private static double clients(Site site, int count, long last, Outcome outcome, String name) {
    long reads = site.hub(0).path("catchUpReads").asLong();
    try (SseLoad load = new SseLoad(site.node(0).port())) {
      long begun = System.nanoTime();
      load.add(count, ALL);
      load.await("all of it", PATIENCE, () -> load.complete(ALL, last) == count);
      double seconds = (System.nanoTime() - begun) / (double) TimeUnit.SECONDS.toNanos(1);
      load.requireComplete(ALL, site.committed(0, "true"));
      outcome.add(name + ": events/s each", EVENTS / seconds);
      outcome.add(name + ": pages read", site.hub(0).path("catchUpReads").asLong() - reads);
      return EVENTS / seconds;
    }
  }
}
