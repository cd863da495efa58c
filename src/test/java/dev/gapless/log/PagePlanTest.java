package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.event.EventFilter;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a page costs among 200,000 events in four partitions, whatever the planner believes. */
class PagePlanTest {
  private static final int EVENTS = 200_000;
  private static final int PAGE = 100;

  private static TestDatabase database;
  private static Connection connection;

  @BeforeAll
  static void fill() throws SQLException {
    database =
        TestLogs.migrate(TestDatabase.create(), TestLogs.settings().withPartitions(50_000, 8));
    connection = database.dataSource().getConnection();
    for (int from = 1; from <= 400_000; from += 50_000) {
      Sql.run(
          connection, "ALTER TABLE gapless.events_p" + from + " SET (autovacuum_enabled = off)");
    }
    // one owner has half of everything, one a handful at the end, 2,000 have some 50 each
    Sql.run(
        connection,
        "INSERT INTO gapless.events (owner, path, type, data)"
            + " SELECT CASE WHEN i % 2 = 0 THEN 'busy' WHEN i > 199980 THEN 'quiet'"
            + " ELSE 'owner' || (i / 2 % 2000) END,"
            + " '/p/' || (i % 1000) || '/x', 't' || (i % 5), jsonb_build_object('n', i, 's',"
            + " repeat('x', 200)) FROM generate_series(1, "
            + EVENTS
            + ") i");
  }

  @AfterAll
  static void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void aPageOfOneOwnerReadsItsOwnSize() throws Exception {
    for (String statistics : List.of("none", "analyzed", "misleading")) {
      prepareStatistics(statistics);
      for (String planner : List.of("force_custom_plan", "force_generic_plan")) {
        Sql.run(connection, "SET plan_cache_mode = " + planner);
        for (boolean forward : new boolean[] {true, false}) {
          String what = statistics + ", " + planner + ", forward " + forward;
          Cost busy = cost(EventFilter.ofOwner("busy"), 0, PAGE, forward);
          Cost some = cost(EventFilter.ofOwner("owner7"), 0, PAGE, forward);
          Cost quiet = cost(EventFilter.ofOwner("quiet"), 0, PAGE, forward);
          System.out.println(what + ": busy " + busy + ", some " + some + ", quiet " + quiet);
          // each row once in the owner's index and once for its contents, and the last row again
          assertThat(busy.rows()).as(what).isBetween(2L * PAGE, 2L * PAGE + 1 + 8);
          assertThat(busy.buffers()).as(what).isLessThan(8 * PAGE);
          assertThat(some.rows()).as(what).isLessThanOrEqualTo(2 * 50 + 8);
          assertThat(quiet.rows()).as(what).isLessThanOrEqualTo(2 * 10 + 8);
          assertThat(quiet.buffers()).as(what).isLessThan(100);
        }
      }
    }
  }

  @Test
  void aPageOfFiftyOwnersReadsAtMostAPageOfEach() throws Exception {
    prepareStatistics("analyzed");
    Set<String> owners =
        IntStream.range(0, 50).mapToObj(i -> "owner" + i).collect(Collectors.toSet());
    Cost cost = cost(new EventFilter(owners, Set.of(), Set.of()), 0, PAGE, true);
    System.out.println("fifty owners: " + cost);
    assertThat(cost.rows()).isLessThanOrEqualTo(50 * 50 + PAGE + 1 + 8);
  }

  @Test
  void aFilterExaminesNoMoreThanItsBudget() throws Exception {
    for (String statistics : List.of("none", "analyzed")) {
      prepareStatistics(statistics);
      for (EventFilter filter :
          List.of(
              EventFilter.ALL,
              new EventFilter(Set.of(), Set.of("/p/7/"), Set.of()),
              new EventFilter(Set.of(), Set.of("/nowhere"), Set.of("t1")),
              new EventFilter(Set.of("busy"), Set.of("/p/8/"), Set.of()))) {
        for (boolean forward : new boolean[] {true, false}) {
          Cost cost = cost(filter, 5_000, PAGE, forward);
          System.out.println(statistics + ", budget 5000, " + filter + ": " + cost);
          assertThat(cost.rows()).isLessThanOrEqualTo(5_000 + PAGE + 8);
          assertThat(cost.buffers()).isLessThan(6_000);
        }
      }
    }
  }

  private static void prepareStatistics(String kind) throws SQLException {
    Sql.run(connection, "DISCARD PLANS", "RESET plan_cache_mode");
    Sql.run(
        connection, "DELETE FROM pg_statistic WHERE starelid::regclass::text LIKE '%events_p%'");
    switch (kind) {
      case "analyzed" -> Sql.run(connection, "ANALYZE gapless.events");
      // as if analyzed when only the busy owner had written
      case "misleading" ->
          Sql.run(
              connection,
              "ANALYZE gapless.events",
              "UPDATE pg_statistic SET stadistinct = 1"
                  + " WHERE starelid::regclass::text LIKE '%events_p%' AND staattnum = 2");
      default -> {}
    }
  }

  private static Cost cost(EventFilter filter, long budget, int wanted, boolean forward)
      throws Exception {
    PageStatement sql = PageStatement.of(filter, forward, PAGE);
    try (PreparedStatement statement =
        connection.prepareStatement("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql.text())) {
      sql.bind(connection, statement, 0, EVENTS, budget, wanted);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        JsonNode plan = new ObjectMapper().readTree(row.getString(1)).get(0).get("Plan");
        return new Cost(
            rows(plan),
            plan.get("Shared Hit Blocks").asLong() + plan.get("Shared Read Blocks").asLong());
      }
    }
  }

  /** Rows taken out of tables, whether they were used or not. */
  private static long rows(JsonNode node) {
    long rows = 0;
    if (node.has("Relation Name")) {
      double loops = node.get("Actual Loops").asDouble();
      rows += Math.round(node.get("Actual Rows").asDouble() * loops);
      for (String removed : List.of("Rows Removed by Filter", "Rows Removed by Index Recheck")) {
        if (node.has(removed)) {
          rows += Math.round(node.get(removed).asDouble() * loops);
        }
      }
    }
    if (node.has("Plans")) {
      for (JsonNode child : node.get("Plans")) {
        rows += rows(child);
      }
    }
    return rows;
  }

  private record Cost(long rows, long buffers) {}
}
