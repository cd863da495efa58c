package dev.gapless.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.awaitility.core.ConditionTimeoutException;

/** Compares what came over the wire with what was committed. */
public final class Oracle {
  private final DataSource source;

  public Oracle(DataSource source) {
    this.source = source;
  }

  /** The committed positions for which the condition holds, in order. */
  public List<Long> committed(String condition) {
    return numbers("SELECT id FROM gapless.events WHERE " + condition + " ORDER BY id");
  }

  public long last() {
    return numbers("SELECT coalesce(max(id), 0) FROM gapless.events").get(0);
  }

  public List<Long> numbers(String sql) {
    List<Long> numbers = new ArrayList<>();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        numbers.add(rows.getLong(1));
      }
      return numbers;
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  public void execute(String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** Waits until the client has as many events as it should have, then compares each. */
  public void assertReceived(EventClient client, List<Long> expected) {
    try {
      awaitCount(client, expected.size());
    } catch (ConditionTimeoutException e) {
      // what is missing says more
    }
    assertSame(client.positions(), expected);
    assertThat(client.resets()).as("resets").isEmpty();
  }

  public static void awaitCount(EventClient client, int count) {
    await("all events have arrived")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> client.count() >= count || !isAscending(client.positions()));
  }

  /** As lists of 100,000 numbers are compared: only what differs is shown. */
  public static void assertSame(List<Long> actual, List<Long> expected) {
    if (!actual.equals(expected)) {
      List<Long> missing = new ArrayList<>(expected);
      missing.removeAll(new java.util.HashSet<>(actual));
      List<Long> foreign = new ArrayList<>(actual);
      foreign.removeAll(new java.util.HashSet<>(expected));
      int at = 0;
      while (at < Math.min(actual.size(), expected.size())
          && actual.get(at).equals(expected.get(at))) {
        at++;
      }
      throw new AssertionError(
          "received %d, committed %d, missing %s, never committed %s, first difference at %d: %s"
              .formatted(
                  actual.size(),
                  expected.size(),
                  missing.subList(0, Math.min(20, missing.size())),
                  foreign.subList(0, Math.min(20, foreign.size())),
                  at,
                  actual.subList(at, Math.min(actual.size(), at + 10))));
    }
  }

  private static boolean isAscending(List<Long> positions) {
    for (int i = 1; i < positions.size(); i++) {
      if (positions.get(i) <= positions.get(i - 1)) {
        return false;
      }
    }
    return true;
  }

  /** All JSON pages after a cursor, to the end. The query is such as {@code owner=a&}. */
  public static List<Long> pages(ServerNode node, String query, String after) {
    List<Long> positions = new ArrayList<>();
    String cursor = after;
    while (true) {
      HttpResponse<String> response =
          node.get("/v1/events?" + query + "limit=1000&after=" + cursor);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      JsonNode page = ServerNode.json(response);
      page.get("events").forEach(event -> positions.add(event.get("id").asLong()));
      cursor = page.get("cursor").asText();
      if (!page.get("more").asBoolean()) {
        return positions;
      }
    }
  }
}
