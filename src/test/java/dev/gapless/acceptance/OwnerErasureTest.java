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
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Owners are erased on two nodes while everybody writes and reads. */
class OwnerErasureTest {
  private static final String CONFIG =
      """
      gapless {
        housekeeping = 1 s
        hub { ring-events = 1024, page-events = 100, heartbeat = 300 ms }
      }
      """;

  private static final String X = Load.owner(0);
  private static final String Y = Load.owner(1);
  private static final String OF_X = "owner = '" + X + "'";
  private static final String MARKS = OF_X + " AND type = 'ERASED'";

  private static TestDatabase database;
  private static Oracle oracle;
  private static ServerNode a;
  private static ServerNode b;

  private final List<EventClient> clients = new ArrayList<>();

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    a = ServerNode.create(database.jdbcUrl(), NodeOptions.config(CONFIG).quick());
    b = ServerNode.create(database.jdbcUrl(), NodeOptions.config(CONFIG).quick());
    Stream.of(a, b).forEach(ServerNode::launch);
    Stream.of(a, b).forEach(ServerNode::awaitReady);
    oracle = new Oracle(database.pool(4));
    rememberAllEvents();
  }

  @AfterEach
  void leave() {
    clients.forEach(EventClient::close);
  }

  @AfterAll
  static void stop() {
    a.close();
    b.close();
    database.close();
  }

  @Test
  void underLoadOthersMissNothingAndSubscribersAreToldOnceEachTime() throws Exception {
    long before = oracle.last();
    EventClient all = watch(a, "/v1/events");
    EventClient ofX = watch(b, "/v1/events?owner=" + X);
    EventClient elsewhere = watch(a, "/v1/events?path=/nowhere/&type=never");
    EventClient ofY = watch(b, "/v1/events?owner=" + Y);
    EventClient comesAndGoes = watch(a, "/v1/events");
    EventClient xComesAndGoes = watch(b, "/v1/events?owner=" + X);
    EventClient slow = watch(b, "/v1/events");
    List<Integer> statuses = new ArrayList<>();
    try (Load load = Load.start(database.dataSource(), 4, 5)) {
      for (int i = 0; i < 12; i++) {
        ServerNode node = i % 2 == 0 ? a : b;
        ServerNode other = i % 2 == 0 ? b : a;
        if (i % 3 == 0) {
          slow.stopReading();
        }
        await().until(() -> oracle.committed(OF_X + " AND type <> 'ERASED'").size() > 50);
        statuses.add(erase(node, X).statusCode());
        comesAndGoes.moveTo(other);
        xComesAndGoes.moveTo(other);
        slow.goOnReading();
      }
      load.runFor(Duration.ofMillis(300));
    }
    statuses.add(erase(a, X).statusCode());
    assertThat(statuses).containsOnly(204);
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type) VALUES ('" + Y + "', '/last', 'x')");

    List<Long> marks = remembered(MARKS);
    assertThat(marks).hasSize(13);
    long last = marks.get(12);
    assertThat(oracle.committed(OF_X))
        .as("nothing is left but the last mark")
        .containsExactly(last);
    List<Long> others = remembered("owner <> '" + X + "' AND id > " + before);
    for (EventClient client : List.of(all, comesAndGoes, slow)) {
      awaitLast(client, others);
      Oracle.assertSame(notOfX(client), others);
    }
    awaitLast(ofY, remembered("owner = '" + Y + "'"));
    Oracle.assertSame(ofY.positions(), remembered("owner = '" + Y + "'"));
    assertThat(ofY.resets()).isEmpty();
    await().until(() -> marksOf(ofX).contains(last) && marksOf(elsewhere).contains(last));
    await().until(() -> marksOf(xComesAndGoes).contains(last));
    assertThat(marksOf(all)).as("live all the time").isEqualTo(marks);
    assertThat(marksOf(ofX)).isEqualTo(marks);
    assertThat(marksOf(elsewhere)).isEqualTo(marks);
    assertThat(elsewhere.count()).isZero();
    // whoever was away may find one that a later one has replaced
    for (EventClient client : List.of(comesAndGoes, xComesAndGoes, slow)) {
      assertThat(marks).containsSubsequence(marksOf(client));
      assertThat(marksOf(client)).endsWith(last).doesNotHaveDuplicates();
    }
    for (EventClient client : clients) {
      assertThat(client.resets())
          .allSatisfy(
              reset -> {
                assertThat(reset.data()).contains("\"reason\":\"erased\"", "\"owner\":\"" + X);
                assertThat(reset.data()).contains("\"requested\":\"" + reset.id() + "\"");
              });
      assertThat(client.refusals()).isEmpty();
      assertThat(client.positions()).isSorted().doesNotHaveDuplicates();
    }
    assertThat(xEventsAfter(all, marks.get(11)))
        .as("what was written since the one before")
        .isEqualTo(remembered(OF_X + " AND type <> 'ERASED' AND id > " + marks.get(11)));
    nothingIsLeft(last);
    System.out.printf(
        "13 erasures by two nodes under load: %,d events removed, %,d of others delivered to each;"
            + " %d resets%n",
        oracle.numbers("SELECT count(*) FROM gapless.erased").get(0),
        others.size(),
        clients.stream().mapToInt(client -> client.resets().size()).sum());
  }

  @Test
  void aWriterParkedBelowTheMarkIsWaitedFor() throws Exception {
    String owner = "parked-" + MARKER;
    String ofOwner = "owner = '" + owner + "'";
    EventClient client = watch(b, "/v1/events?owner=" + owner);
    insert(owner, 10);
    long told = told();
    try (var parked = database.dataSource().getConnection();
        var statement = parked.createStatement()) {
      parked.setAutoCommit(false);
      statement.execute("SELECT gapless.publish('" + owner + "', '/" + MARKER + "', 'x')");
      HttpResponse<String> answer = erase(a, owner);
      assertThat(answer.statusCode()).isEqualTo(202);
      assertThat(oracle.committed(ofOwner)).as("all is there, and the mark").hasSize(11);
      assertThat(client.resets()).isEmpty();
      await().until(() -> a.status().at("/erasures/pending").asInt() == 1);
      parked.commit();
      await().until(() -> client.resets().size() == 1);
      // the other node may have removed the last one before this node has read it
      assertThat(client.count()).as("its event came first, if at all").isBetween(10, 11);
      assertThat(client.resets().get(0).id()).isEqualTo(mark(answer));
      await().until(() -> oracle.committed(ofOwner).size() == 1);
    }
    await().until(() -> a.status().at("/erasures/pending").asInt() == 0);
    assertThat(erase(b, owner).statusCode()).isEqualTo(404);
    assertThat(told()).isEqualTo(told + 1);
  }

  @Test
  void anotherNodeGoesOnWhereOneWasKilled() throws Exception {
    String owner = "killed-" + MARKER;
    String neighbour = "spared-" + MARKER;
    String filter = "owner=" + owner + "&owner=" + neighbour;
    insert(owner, 20_000);
    insert(neighbour, 5);
    // each portion takes a while, so that the node dies in the middle
    oracle.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            + " $$BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END$$");
    oracle.execute(
        "CREATE TRIGGER slow AFTER DELETE ON gapless.events"
            + " FOR EACH STATEMENT EXECUTE FUNCTION public.slow()");
    ServerNode worker = null;
    try {
      EventClient client = watch(b, "/v1/events?after=earliest&" + filter);
      Oracle.awaitCount(client, 20_005);
      long before = erased();
      CompletableFuture<HttpResponse<String>> answer =
          CompletableFuture.supplyAsync(() -> erase(a, owner));
      await().until(() -> client.resets().size() == 1);
      await().until(() -> erased() > before + 2_000);
      worker = working();
      ServerNode other = worker == a ? b : a;
      long told = told();
      assertThat(answer).isNotDone();
      worker.kill9();
      long half = erased() - before;
      assertThat(half).isBetween(2_000L, 19_000L);
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> oracle.committed("owner = '" + owner + "'").size() == 1);
      assertThat(erased() - before).isEqualTo(20_000);
      assertThat(oracle.committed("owner = '" + neighbour + "'")).hasSize(5);
      await().until(() -> told() == told + 1);
      client.moveTo(other);
      insert(neighbour, 1);
      Oracle.awaitCount(client, 20_006);
      assertThat(client.resets()).hasSize(1);
      System.out.printf("a node was killed after %,d of 20,000 removed events%n", half);
    } finally {
      oracle.execute("DROP TRIGGER slow ON gapless.events");
      if (worker != null) {
        worker.start();
      }
    }
  }

  @Test
  void everyModeOfReadingShowsItOrLeavesItOut() throws Exception {
    String owner = "modes-" + MARKER;
    String other = "others-" + MARKER;
    insert(owner, 3);
    insert(other, 2);
    String first = page("after=earliest&limit=1&owner=" + owner).get("cursor").asText();
    HttpResponse<String> answer = erase(a, owner);
    assertThat(answer.statusCode()).isEqualTo(204);
    String mark = mark(answer);
    insert(other, 1);
    String frame =
        ("id: %1$s\nevent: gapless.reset\ndata: {\"reason\":\"erased\",\"requested\":\"%1$s\","
                + "\"earliest\":\"%1$s\",\"head\":\"%1$s\",\"owner\":\"%2$s\"}\n\n")
            .formatted(mark, owner);
    for (ServerNode node : List.of(a, b)) {
      String finite = "/v1/events?live=false&after=" + first;
      assertThat(stream(node, finite)).containsOnlyOnce(frame);
      assertThat(stream(node, finite + "&owner=" + owner + "&path=/x")).containsOnlyOnce(frame);
      assertThat(stream(node, finite + "&owner=" + other)).doesNotContain("gapless.reset");
      assertThat(stream(node, finite + "&limit=2")).doesNotContain("gapless.reset");
      assertThat(stream(node, finite + "&limit=3")).containsOnlyOnce(frame);
      assertThat(stream(node, "/v1/events?live=false&after=" + mark))
          .doesNotContain("gapless.reset");
      assertThat(stream(node, "/v1/events?reverse=true&live=false&limit=4"))
          .doesNotContain("gapless.reset", "ERASED")
          .contains("/" + MARKER);
    }
    JsonNode page = page("after=" + first);
    assertThat(page.get("events")).hasSize(4);
    JsonNode item = page.get("events").get(2);
    assertThat(item.get("type").asText()).isEqualTo("gapless.reset");
    assertThat(item.get("path").asText()).isEqualTo("/");
    assertThat(item.get("owner").asText()).isEqualTo(owner);
    assertThat(item.get("cursor").asText()).isEqualTo(mark);
    assertThat(item.get("data").toString()).isEqualTo("{\"reason\":\"erased\"}");
    assertThat(page("reverse=true&owner=" + other + "&owner=" + owner).get("events")).hasSize(3);
    assertThat(page("after=" + first + "&type=none&wait=1").get("events")).hasSize(1);
    assertThat(page("after=" + mark + "&type=none").get("events")).isEmpty();
    String forged = "{\"owner\":\"%s\",\"path\":\"/\",\"type\":\"ERASED\"}".formatted(owner);
    assertThat(a.publish(forged).statusCode()).isEqualTo(400);
  }

  @Test
  void theHomeserverFaceShowsNothingOfIt() throws Exception {
    String user = "ybndrfg8ejkmcpqxot1uwisza345h769ybndrfg8ejkmcpqxot1o";
    String other = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo";
    String users = "/events-stream?user=" + user + "&user=" + other;
    a.putFile(user + "/pub/a", "x");
    a.putFile(other + "/pub/b", "x");
    EventClient live = watch(b, users + "&live=true");
    Oracle.awaitCount(live, 2);
    assertThat(erase(a, user).statusCode()).isEqualTo(204);
    assertThat(b.get("/v1/files/" + user + "/pub/a").statusCode()).isEqualTo(404);
    a.putFile(other + "/pub/c", "x");
    a.putFile(user + "/pub/d", "x");
    Oracle.awaitCount(live, 4);
    assertThat(live.resets()).isEmpty();
    // the page that was read for the first stream may be given to another one for ten seconds
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(stream(b, users))
                    .doesNotContain("reset", "ERASED", "/pub/a")
                    .contains("/pub/d"));
    assertThat(stream(b, users + "&reverse=true")).doesNotContain("reset", "ERASED", "/pub/a");
    assertThat(b.get("/events/").body())
        .startsWith(
            "PUT pubky://%1$s/pub/b\nPUT pubky://%1$s/pub/c\nPUT pubky://%2$s/pub/d\ncursor: "
                .formatted(other, user));
  }

  private static String mark(HttpResponse<String> answer) {
    return answer.headers().firstValue("X-Event-Cursor").orElseThrow();
  }

  /** How often a node has said that an erasure is done. */
  private static long told() {
    return Stream.of(a, b)
        .flatMap(node -> node.output().lines())
        .filter(line -> line.contains("owner_erased"))
        .count();
  }

  private static JsonNode page(String query) {
    HttpResponse<String> answer = b.get("/v1/events?" + query);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return ServerNode.json(answer);
  }

  private static String stream(ServerNode node, String target) {
    return node.send(
            HttpRequest.newBuilder(URI.create(node.url() + target))
                .header("Accept", "text/event-stream"))
        .body();
  }

  private static void nothingIsLeft(long lastMark) {
    for (ServerNode node : List.of(a, b)) {
      await().until(() -> node.status().at("/erasures/pending").asInt() == 0);
      assertThat(node.status().at("/erasures/failures").asInt()).isZero();
      long floor = position(node.status().at("/hub/ringFloor").asText());
      long lastOfX =
          remembered(OF_X + " AND id < " + lastMark + " AND type <> 'ERASED'").stream()
              .mapToLong(id -> id)
              .max()
              .orElse(0);
      assertThat(floor).as("no ring holds an event of the owner").isGreaterThanOrEqualTo(lastOfX);
      List<Long> pages = Oracle.pages(node, "owner=" + X + "&", "0");
      assertThat(pages).containsExactly(lastMark);
    }
    assertThat(erase(a, X).statusCode()).isEqualTo(404);
  }

  private static ServerNode working() {
    String name =
        await()
            .until(
                () ->
                    names(
                        "SELECT max(split_part(a.application_name, '/', 2)) FROM pg_locks l"
                            + " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
                            + " AND l.objid = (7305804402566524014 & 4294967295)::oid AND l.granted"),
                found -> found.equals(a.name()) || found.equals(b.name()));
    return name.equals(a.name()) ? a : b;
  }

  private static String names(String sql) throws Exception {
    try (var connection = database.dataSource().getConnection();
        var statement = connection.createStatement();
        var row = statement.executeQuery(sql)) {
      row.next();
      String name = row.getString(1);
      return name == null ? "" : name;
    }
  }

  private static long erased() {
    return oracle.numbers("SELECT count(*) FROM gapless.erased").get(0);
  }

  private static void insert(String owner, int rows) {
    oracle.execute(
        "INSERT INTO gapless.events (owner, path, type) SELECT '"
            + owner
            + "', '/"
            + MARKER
            + "', 'x' FROM generate_series(1, "
            + rows
            + ")");
  }

  private static HttpResponse<String> erase(ServerNode node, String owner) {
    return node.send(
        HttpRequest.newBuilder(URI.create(node.url() + "/v1/owners/" + owner)).DELETE());
  }

  private EventClient watch(ServerNode node, String target) {
    EventClient client = EventClient.watch(node, target);
    clients.add(client);
    return client;
  }

  private static List<Long> marksOf(EventClient client) {
    return client.resets().stream().map(Control::id).map(OwnerErasureTest::position).toList();
  }

  private static List<Long> notOfX(EventClient client) {
    Set<Long> ofX = new HashSet<>(remembered(OF_X));
    return client.positions().stream().filter(position -> !ofX.contains(position)).toList();
  }

  private static List<Long> xEventsAfter(EventClient client, long after) {
    Set<Long> ofX = new HashSet<>(remembered(OF_X));
    return client.positions().stream().filter(p -> p > after && ofX.contains(p)).toList();
  }

  private static void awaitLast(EventClient client, List<Long> expected) {
    long last = expected.get(expected.size() - 1);
    await().atMost(Duration.ofSeconds(60)).until(() -> client.positions().contains(last));
  }

  private static long position(String cursor) {
    return Long.parseLong(cursor.replaceFirst("-.*", ""));
  }

  /** What is committed, in the same transactions, where no erasure comes. */
  private static void rememberAllEvents() {
    oracle.execute("CREATE TABLE committed (id bigint, owner text, type text)");
    oracle.execute(
        "CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO"
            + " public.committed VALUES (NEW.id, NEW.owner, NEW.type); RETURN NULL; END$$");
    oracle.execute(
        "CREATE TRIGGER remember AFTER INSERT ON gapless.events FOR EACH ROW"
            + " EXECUTE FUNCTION public.remember()");
  }

  private static List<Long> remembered(String condition) {
    return oracle.numbers("SELECT id FROM committed WHERE " + condition + " ORDER BY id");
  }
}
