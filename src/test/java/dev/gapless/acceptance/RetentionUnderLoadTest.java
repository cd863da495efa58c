package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.EventClient.Control;
import dev.gapless.testkit.Load;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Two nodes remove the oldest partitions while writers write and clients read from them. A client
 * gets all its events, or a reset that says why not and then all that is retained; never an error.
 */
class RetentionUnderLoadTest {
  private static final String CONFIG =
      """
      gapless {
        housekeeping = 200 ms
        log { partition-size = 10000, partitions-ahead = 3 }
        retention { max-events = 30000, interval = 300 ms, detach-timeout = 2 s }
        hub { ring-events = 1024, page-events = 200, cache-bytes = 0, heartbeat = 300 ms }
      }
      """;
  private static final String QUIET = "quiet-" + MARKER;

  /** Which events each client has to get, and after which position. */
  private final Map<EventClient, String> clients = new LinkedHashMap<>();

  private Oracle oracle;

  @Test
  void eachClientGetsItsEventsOrAResetAndThenWhatIsRetained() throws Exception {
    try (TestDatabase database = TestDatabase.create();
        ServerNode a = ServerNode.create(database.jdbcUrl(), NodeOptions.config(CONFIG).quick());
        ServerNode b = ServerNode.create(database.jdbcUrl(), NodeOptions.config(CONFIG).quick())) {
      Stream.of(a, b).forEach(ServerNode::launch);
      Stream.of(a, b).forEach(ServerNode::awaitReady);
      oracle = new Oracle(database.pool(4));
      rememberAllEvents();
      for (int i = 0; i < 6; i++) {
        insert(a, 5_000);
      }
      String first = firstCursor(a);
      try {
        watch(a, "/v1/events?after=earliest", "true");
        EventClient slow = watch(a, "/v1/events?after=earliest", "true");
        watch(b, "/v1/events?after=" + first + "&owner=" + Load.owner(1), owner(1) + " AND id > 1");
        EventClient live = watch(b, "/v1/events", "id > " + oracle.last());
        EventClient quiet = watch(b, "/v1/events?owner=" + QUIET, "owner = '" + QUIET + "'");
        List<EventClient> stopped = List.of(watchAndStop(a), watchAndStop(b));

        List<Integer> pages = new ArrayList<>();
        try (Load load = Load.start(database.dataSource(), 4, 5)) {
          for (int i = 0; i < 20; i++) {
            slow.stopReading();
            insert(a, 2_000);
            pages.add(b.get("/v1/events?limit=1000&after=" + first).statusCode());
            slow.goOnReading();
          }
          load.runFor(Duration.ZERO);
        }
        stopped.forEach(EventClient::goOnReading);

        long mark = awaitMark();
        HttpResponse<String> page = b.get("/v1/events?after=" + first);
        assertThat(page.statusCode()).isEqualTo(410);
        assertThat(ServerNode.json(page).get("reason").asText()).isEqualTo("retention");
        assertThat(pages).containsOnly(200, 410).contains(200, 410);
        assertThat(Oracle.pages(b, "", "0")).isEqualTo(all("id > " + mark));

        quietComesBackAboveTheMark(quiet, mark, a);
        clients.forEach(this::assertJust);
        assertThat(live.resets()).isEmpty();
        assertThat(stopped).allSatisfy(client -> assertThat(client.resets()).isNotEmpty());
        report(a, b, mark);
      } finally {
        clients.keySet().forEach(EventClient::close);
      }
    }
  }

  /** Its cursor has moved with the log though nothing was there for it. */
  private void quietComesBackAboveTheMark(EventClient quiet, long mark, ServerNode other) {
    await().until(() -> position(quiet.lastEventId()) >= mark);
    assertThat(quiet.count()).isZero();
    quiet.moveTo(other);
    await().until(() -> quiet.connects() == 2 && quiet.controls("gapless.open").size() == 2);
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type) VALUES ('" + QUIET + "', '/', 'x')");
    Oracle.awaitCount(quiet, 1);
    assertThat(quiet.resets()).isEmpty();
  }

  private void assertJust(EventClient client, String condition) {
    List<Long> expected = all(condition);
    await("the last event has arrived")
        .atMost(Duration.ofSeconds(60))
        .until(() -> !client.received().isEmpty() && last(client.positions()) >= last(expected));
    List<Long> positions = client.positions();
    long after = 0;
    int from = 0;
    for (Control reset : client.resets()) {
      assertThat(reset.data()).contains("\"reason\":\"retention\"");
      List<Long> before = positions.subList(from, reset.after());
      Oracle.assertSame(before, above(after, expected).subList(0, before.size()));
      assertThat(position(reset.id())).as("forward").isGreaterThanOrEqualTo(after);
      from = reset.after();
      after = position(reset.id());
    }
    Oracle.assertSame(positions.subList(from, positions.size()), above(after, expected));
    assertThat(client.refusals()).isEmpty();
    assertThat(client.controls("gapless.close")).isEmpty();
    assertThat(client.connects()).isLessThanOrEqualTo(condition.contains(QUIET) ? 2 : 1);
  }

  private void report(ServerNode a, ServerNode b, long mark) {
    int resets = clients.keySet().stream().mapToInt(client -> client.resets().size()).sum();
    int events = clients.keySet().stream().mapToInt(EventClient::count).sum();
    long removed = 0;
    for (ServerNode node : List.of(a, b)) {
      JsonNode retention = node.status().get("retention");
      assertThat(retention.get("failures").asLong()).isZero();
      assertThat(retention.at("/extent/earliest").asText()).startsWith(mark + "-");
      removed += retention.get("removed").asLong();
      long told = node.output().lines().filter(line -> line.contains("partition_removed")).count();
      assertThat(told).isEqualTo(retention.get("removed").asLong());
    }
    assertThat(removed).isEqualTo((mark + 9_999) / 10_000).isGreaterThanOrEqualTo(4);
    System.out.printf(
        "%d partitions removed by two nodes under load: %d events to %d clients, %d resets%n",
        removed, events, clients.size(), resets);
  }

  /** One that is in the oldest partition when it goes. */
  private EventClient watchAndStop(ServerNode node) {
    EventClient client = watch(node, "/v1/events?after=earliest", "true");
    await().until(() -> client.count() > 0);
    client.stopReading();
    return client;
  }

  private EventClient watch(ServerNode node, String target, String condition) {
    EventClient client = EventClient.watch(node, target);
    clients.put(client, condition);
    return client;
  }

  /** What is committed, in the same transactions, where retention does not come. */
  private void rememberAllEvents() {
    oracle.execute("CREATE TABLE committed (id bigint, owner text)");
    oracle.execute(
        "CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS"
            + " $$BEGIN INSERT INTO public.committed VALUES (NEW.id, NEW.owner); RETURN NULL; END$$");
    oracle.execute(
        "CREATE TRIGGER remember AFTER INSERT ON gapless.events FOR EACH ROW"
            + " EXECUTE FUNCTION public.remember()");
  }

  private List<Long> all(String condition) {
    return oracle.numbers("SELECT id FROM committed WHERE " + condition + " ORDER BY id");
  }

  /** Large ones, so that a client that takes nothing cannot have many on the way. */
  private void insert(ServerNode node, int rows) {
    await("partitions stand ready")
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> {
              JsonNode partitions = node.status().get("partitions");
              return !partitions.isNull()
                  && partitions.get("ahead").asInt() >= 2
                  && partitions.get("lastPosition").asLong() >= oracle.last() - 5_000;
            });
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type, data) SELECT 'acme-"
            + MARKER
            + "-' || n % 5, '/"
            + MARKER
            + "', 'x', to_jsonb(repeat('x', 1500)) FROM generate_series(1, "
            + rows
            + ") n");
  }

  private String firstCursor(ServerNode node) {
    HttpResponse<String> page = node.get("/v1/events?after=earliest&limit=1");
    return ServerNode.json(page).get("cursor").asText();
  }

  /** The last event of the partitions beyond which there are 30,000 others. */
  private long awaitMark() {
    long end =
        oracle
            .numbers(
                "SELECT max(p) FROM generate_series(0, 200000, 10000) p WHERE 30000 <="
                    + " (SELECT count(*) FROM committed WHERE id > p)")
            .get(0);
    long mark = oracle.numbers("SELECT max(id) FROM committed WHERE id <= " + end).get(0);
    await("partitions are removed")
        .atMost(Duration.ofSeconds(30))
        .until(
            () ->
                oracle.numbers("SELECT min(id) FROM gapless.events").get(0) > mark
                    && mark() == mark);
    return mark;
  }

  private long mark() {
    return oracle.numbers("SELECT coalesce(max(position), 0) FROM gapless.retired").get(0);
  }

  private static String owner(int number) {
    return "owner = '" + Load.owner(number) + "'";
  }

  private static List<Long> above(long after, List<Long> positions) {
    return positions.stream().filter(position -> position > after).toList();
  }

  private static long last(List<Long> positions) {
    return positions.get(positions.size() - 1);
  }

  private static long position(String cursor) {
    return Long.parseLong(cursor.replaceFirst("-.*", ""));
  }
}
