package dev.gapless.log;

import dev.gapless.event.EventFilter;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;
import java.util.stream.Stream;

/**
 * The SQL of one portion of a page. Its result has {@link EventRows#COLUMNS}, then whether the row
 * is a hit, then how many rows were examined. Where not everything in range was examined, a last
 * row that is no hit says how far it came.
 *
 * <p>The plan must not depend on estimates: the lateral subqueries force index scans by owner or
 * position, and OFFSET 0 keeps the planner from turning the fetch of the hits into a join of its
 * own liking.
 *
 * <p>Planning takes PostgreSQL a third of the time of a page. It plans once for all positions only
 * if that looks no more expensive, and a limit it does not know looks like a tenth of the log: so
 * there is one it knows inside of the one that counts.
 *
 * @param text the same for the same kinds of filter, so that the driver prepares it once
 */
record PageStatement(String text, EventFilter filter) {

  private static final String EVERYTHING =
      """
      SELECT id, owner, path, type, data::text, created_at, traceparent, true, 0
      FROM (SELECT * FROM gapless.events AS e WHERE %2$s ORDER BY e.id%1$s LIMIT %3$s) AS e
      ORDER BY id%1$s LIMIT ?
      """;

  private static final String FILTERED =
      """
      WITH scan AS MATERIALIZED (
        SELECT part.n, s.id, s.hit
        FROM %2$s
        CROSS JOIN LATERAL (
          SELECT e.id, %4$s AS hit FROM gapless.events e
          %3$s
          LIMIT ?) AS s),
      bound AS MATERIALIZED (
        SELECT %5$s(last) AS id
        FROM (SELECT %6$s(id) AS last FROM scan GROUP BY n HAVING count(*) >= ?) AS used_up),
      picked AS (
        (SELECT scan.id, true AS hit FROM scan, bound
         WHERE scan.hit AND (bound.id IS NULL OR scan.id %7$s bound.id)
         ORDER BY scan.id%1$s LIMIT ?)
        UNION ALL
        SELECT id, false FROM bound WHERE id IS NOT NULL)
      SELECT e.id, e.owner, e.path, e.type, CASE WHEN picked.hit THEN e.data::text END,
             e.created_at, e.traceparent, picked.hit, (SELECT count(*) FROM scan)
      FROM picked
      CROSS JOIN LATERAL (
        SELECT * FROM gapless.events AS here WHERE here.id = picked.id OFFSET 0) AS e
      ORDER BY picked.id%1$s, picked.hit DESC
      """;

  private static final String OF_OWNER =
      """
      WHERE (e.owner, e.id) > (part.owner, ?) AND (e.owner, e.id) <= (part.owner, ?)
            AND %2$s ORDER BY e.owner%1$s, e.id%1$s""";

  /** As {@link dev.gapless.event.Event#isErasure}. */
  private static final String MARK = "(e.type = 'ERASED' AND e.path = '/' AND e.data IS NULL)";

  private static final String OF_ALL = "WHERE %2$s ORDER BY e.id%1$s";

  /** The bound where a read begins is plain, so that PostgreSQL skips the partitions before it. */
  private static final String UPWARD = "e.id > ? AND (e.id, 0) <= (?, 0)";

  private static final String DOWNWARD = "(e.id, 0) > (?, 0) AND e.id <= ?";

  /**
   * @param most how many hits will be asked for at most
   */
  static PageStatement of(EventFilter filter, boolean forward, int most) {
    String order = forward ? "" : " DESC";
    String range = forward ? UPWARD : DOWNWARD;
    if (isEverything(filter)) {
      return new PageStatement(EVERYTHING.formatted(order, range, powerOfTwo(most)), filter);
    }
    boolean owners = !filter.owners().isEmpty();
    return new PageStatement(
        FILTERED.formatted(
            order,
            owners
                ? "unnest(?::text[]) WITH ORDINALITY AS part (owner, n)"
                : "(VALUES (1)) AS part (n)",
            (owners ? OF_OWNER : OF_ALL).formatted(order, range),
            condition(filter),
            forward ? "min" : "max",
            forward ? "max" : "min",
            forward ? "<=" : ">="),
        filter);
  }

  /**
   * @param budget how many rows may be examined in all
   * @param wanted how many hits are asked for
   */
  void bind(
      Connection connection,
      PreparedStatement statement,
      long above,
      long upTo,
      long budget,
      int wanted)
      throws SQLException {
    int i = 0;
    if (isEverything(filter)) {
      statement.setLong(++i, above);
      statement.setLong(++i, upTo);
      statement.setInt(++i, wanted);
      return;
    }
    long share = budget;
    if (!filter.owners().isEmpty()) {
      // an owner whose events all match is read no further than the page is long
      share = filter.isOwnersOnly() ? wanted : Math.max(1, budget / filter.owners().size());
      statement.setArray(++i, texts(connection, filter.owners()));
    }
    i = bindCondition(connection, statement, i);
    for (int range = filter.owners().isEmpty() ? 1 : 2; range > 0; range--) {
      statement.setLong(++i, above);
      statement.setLong(++i, upTo);
    }
    statement.setLong(++i, share);
    statement.setLong(++i, share);
    statement.setInt(++i, wanted);
  }

  private int bindCondition(Connection connection, PreparedStatement statement, int before)
      throws SQLException {
    int i = before;
    if (!filter.types().isEmpty()) {
      statement.setArray(++i, texts(connection, filter.types()));
    }
    if (!filter.paths().isEmpty()) {
      statement.setArray(++i, texts(connection, paths(filter, false).toList()));
      statement.setArray(++i, texts(connection, paths(filter, true).toList()));
    }
    return i;
  }

  /** Not below a number: of the limits that clients choose few statements come. */
  private static long powerOfTwo(int least) {
    return least <= 1 ? 1 : 2L * Integer.highestOneBit(least - 1);
  }

  private static boolean isEverything(EventFilter filter) {
    return filter.owners().isEmpty() && filter.isOwnersOnly();
  }

  private static String condition(EventFilter filter) {
    String types = filter.types().isEmpty() ? "true" : "e.type = ANY (?::text[])";
    // no LIKE: nothing in a path is a pattern
    String paths =
        filter.paths().isEmpty()
            ? "true"
            : "(e.path = ANY (?::text[]) OR EXISTS (SELECT FROM unnest(?::text[]) AS prefix"
                + " WHERE starts_with(e.path, prefix)))";
    if (!filter.erasures()) {
      return "NOT " + MARK + " AND " + types + " AND " + paths;
    }
    return filter.isOwnersOnly() ? "true" : "(" + MARK + " OR " + types + " AND " + paths + ")";
  }

  private static Stream<String> paths(EventFilter filter, boolean prefixes) {
    return filter.paths().stream().filter(path -> path.endsWith("/") == prefixes);
  }

  private static Array texts(Connection connection, Collection<String> values) throws SQLException {
    return connection.createArrayOf("text", values.toArray());
  }
}
