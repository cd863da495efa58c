package dev.gapless.faults;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.Load;
import dev.gapless.testkit.MovableClock;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The wall clock of a node and that of PostgreSQL jump a day ahead, an hour back, and to where they
 * should be, one after the other: order, streams and heartbeats do not depend on them. Only what
 * expires at a date does.
 */
class ClockJumpTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration HOUR_BACK = Duration.ofHours(-1);
  private static final String SECRET = "/secret-" + MARKER + "/";

  private MovableClock clockOfNode;
  private MovableClock clockOfPostgres;
  private TestDatabase database;
  private Oracle oracle;
  private ServerNode jumps;
  private ServerNode stays;

  @BeforeEach
  void start() throws Exception {
    MovableClock.require();
    clockOfNode = new MovableClock();
    clockOfPostgres = new MovableClock();
    database = TestDatabase.ownCluster();
    TestLogs.migrate(database, TestLogs.settings());
    database.restartUnder(clockOfPostgres);
    oracle = new Oracle(database.dataSource());
    String config =
        """
        gapless.hub.heartbeat = 1 s
        gapless.http.public-paths = ["/pub/", "%s"]
        gapless.auth { mode = tokens, tokens = [
          { name = lasting, sha256 = "%s", scopes = [ { allow = [read] } ] }
          { name = ending, sha256 = "%s", expires = "%s", scopes = [ { allow = [read] } ] } ] }
        """
            .formatted(
                Load.orders(),
                sha256("lasting"),
                sha256("ending"),
                Instant.now().plus(Duration.ofHours(12)));
    NodeOptions options = NodeOptions.config(config).quick();
    jumps = ServerNode.create(database.jdbcUrl(), options.withClock(clockOfNode));
    stays = ServerNode.create(database.jdbcUrl(), options);
    jumps.launch();
    stays.launch();
    jumps.awaitReady();
    stays.awaitReady();
  }

  @AfterEach
  void stop() {
    if (database != null) {
      jumps.close();
      stays.close();
      database.close();
      clockOfNode.close();
      clockOfPostgres.close();
    }
  }

  @Test
  void streamsAndTheirOrderDoNotDependOnClocks() throws Exception {
    String everything = "path=/pub/&path=" + Load.orders();
    try (Watchers watchers =
            Watchers.of(oracle, everything, "NOT starts_with(path, '/secret')", jumps, stays);
        SseClient lasting = secret("lasting");
        SseClient ending = secret("ending")) {
      AtomicInteger step = new AtomicInteger();
      try (Load load = Load.start(database.dataSource(), 2, 28)) {
        Watchers.awaitMore(watchers.all(0), 50);
        for (Duration to : List.of(DAY, HOUR_BACK, Duration.ZERO)) {
          clockOfNode.jumpTo(to);
          awaitNear(
              "the node's clock",
              to,
              () ->
                  ZonedDateTime.parse(
                          jumps.get("/health/live").headers().firstValue("date").orElseThrow(),
                          DateTimeFormatter.RFC_1123_DATE_TIME)
                      .toInstant());
          goesOn(watchers, lasting, step.incrementAndGet());
          if (to.equals(DAY)) {
            assertThat(ending.rest()).last().extracting(Frame::event).isEqualTo("gapless.close");
            assertThat(status("ending")).as("expired by the node's clock").isEqualTo(401);
          }
          clockOfPostgres.jumpTo(to);
          awaitNear(
              "PostgreSQL's clock",
              to,
              () ->
                  Instant.parse(
                      database.query(
                          "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',"
                              + " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")));
          goesOn(watchers, lasting, step.incrementAndGet());
        }
        assertThat(status("ending")).as("valid again").isEqualTo(200);
      }
      int events = watchers.assertComplete();
      watchers.assertStayedOpen();
      assertThat(
              database.query(
                  "SELECT max(created_at) - min(created_at) > interval '24 hours'"
                      + " FROM gapless.events"))
          .as("events of tomorrow before events of today")
          .isEqualTo("t");
      System.out.printf("clocks jumped %d times: %,d events without a gap%n", 6, events);
    }
  }

  /** Events flow on both nodes, a quiet stream is kept alive, and its event comes at once. */
  private void goesOn(Watchers watchers, SseClient quiet, int step) throws IOException {
    Watchers.awaitMore(watchers.all(0), 20);
    Watchers.awaitMore(watchers.all(1), 20);
    // buffered ones may be from before: several
    for (int i = 0; i < 2; i++) {
      quiet.await("gapless.heartbeat");
    }
    oracle.execute(
        "SELECT gapless.publish('%s', '%s%d', 'x')".formatted(Load.owner(0), SECRET, step));
    assertThat(quiet.nextEvent().data()).contains(SECRET + step + "\"");
    assertThat(jumps.isReady()).isTrue();
  }

  private SseClient secret(String token) throws IOException {
    return SseClient.open(
        jumps.port(), "/v1/events?path=" + SECRET, "Authorization: Bearer " + token);
  }

  private int status(String token) throws IOException {
    try (SseClient client = secret(token)) {
      return client.head().status();
    }
  }

  private interface Clock {
    Instant now() throws Exception;
  }

  private static void awaitNear(String name, Duration offset, Clock clock) {
    await(name)
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(100))
        .until(
            () ->
                Duration.between(Instant.now().plus(offset), clock.now())
                        .abs()
                        .compareTo(Duration.ofMinutes(1))
                    < 0);
  }

  private static String sha256(String token) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
  }
}
