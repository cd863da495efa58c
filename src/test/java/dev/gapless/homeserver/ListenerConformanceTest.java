package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Cases 60 to 67 and 79 of the conformance suite: nodes, hints and the log. */
@ExtendWith(SharedNode.class)
class ListenerConformanceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HomeserverClient client;
  private final LogWriter log;
  private final String user = TestUsers.random();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  ListenerConformanceTest(HomeserverClient client, LogWriter log) {
    this.client = client;
    this.log = log;
    client.write(user, "/pub/registered");
  }

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  private SseReader live(HomeserverClient node) {
    SseReader stream = node.stream("live=true&path=/pub/e/&user=" + user);
    stream.awaitControl("gapless.live");
    return stream;
  }

  private static List<String> puts(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "PUT /pub/e/" + i).toList();
  }

  @Test
  @DisplayName("60: two nodes, one event: both deliver it")
  void case60() {
    try (HomeserverNode other = SharedNode.secondNode();
        SseReader here = live(client);
        SseReader there = live(other.client())) {
      client.write(user, "/pub/e/0");
      assertThat(here.awaitEvents(1)).hasSize(1);
      assertThat(there.awaitEvents(1)).hasSize(1);
      assertThat(there.events().get(0).raw()).isEqualTo(here.events().get(0).raw());
      assertThat(other.client().get(user, "/pub/e/0").body()).isEqualTo("content of /pub/e/0");

      // a batch on one node has what the other has just acknowledged
      for (int i = 1; i < 20; i++) {
        other.client().write(user, "/pub/e/" + i);
        assertThat(client.stream("path=/pub/e/&user=" + user).awaitEnd().summaries())
            .isEqualTo(puts(0, i + 1));
      }
    }
  }

  @Test
  @DisplayName("61: notified and un-notified events mixed arrive in order")
  void case61() throws SQLException {
    try (SseReader stream = live(client)) {
      for (int i = 0; i < 40; i++) {
        log.insert(i % 3 == 0, user, "/pub/e/" + i);
      }
      stream.awaitEvents(40, PATIENCE);
      assertThat(stream.summaries()).isEqualTo(puts(0, 40));
    }
  }

  @Test
  @DisplayName("63: the listener is gone, three silent events, the listener is back")
  void case63() throws SQLException {
    try (SseReader stream = live(client)) {
      assertThat(log.terminateListeners()).isPositive();
      for (int i = 0; i < 3; i++) {
        log.insert(false, user, "/pub/e/" + i);
      }
      stream.awaitEvents(3, PATIENCE);
      assertThat(stream.summaries()).isEqualTo(puts(0, 3));
      assertThat(stream.hasEnded()).isFalse();
    }
  }

  @Test
  @DisplayName("64: 150 events and one notification")
  void case64() throws SQLException {
    try (SseReader stream = live(client)) {
      for (int i = 0; i < 150; i++) {
        log.insert(i == 149, user, "/pub/e/" + i);
      }
      stream.awaitEvents(150, PATIENCE);
      assertThat(stream.summaries()).isEqualTo(puts(0, 150));
    }
  }

  @Test
  @DisplayName("65: ten tasks write five files each: 50 positions ascending, none missing")
  void case65() throws Exception {
    try (SseReader stream = live(client)) {
      List<Future<?>> tasks = new ArrayList<>();
      for (int t = 0; t < 10; t++) {
        int task = t;
        tasks.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 5; i++) {
                    client.write(user, "/pub/e/" + task + "-" + i);
                  }
                }));
      }
      for (Future<?> task : tasks) {
        task.get(30, TimeUnit.SECONDS);
      }
      stream.awaitEvents(50, PATIENCE);
      assertThat(stream.events()).extracting(SseReader.Frame::position).isSorted();
      assertThat(stream.summaries()).hasSize(50).doesNotHaveDuplicates();
    }
  }

  @Test
  @DisplayName("66: 64 writers start together, 1 to 5 rows each, random pauses")
  void case66() throws Exception {
    int writers = 64;
    CyclicBarrier start = new CyclicBarrier(writers);
    try (SseReader stream = live(client);
        SseReader elsewhere = client.stream("live=true&path=/pub/e/&user=" + user)) {
      List<Future<List<Long>>> tasks = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        int writer = w;
        tasks.add(threads.submit(() -> writeSlowly(writer, start)));
      }
      List<Long> committed = new ArrayList<>();
      for (Future<List<Long>> task : tasks) {
        committed.addAll(task.get(60, TimeUnit.SECONDS));
      }
      List<Long> expected = committed.stream().sorted().toList();
      for (SseReader reader : List.of(stream, elsewhere)) {
        reader.awaitEvents(expected.size(), PATIENCE);
        assertThat(reader.events()).extracting(SseReader.Frame::position).isEqualTo(expected);
      }
      assertThat(client.stream("path=/pub/e/&user=" + user).awaitEnd().events())
          .extracting(SseReader.Frame::position)
          .isEqualTo(expected);
    }
  }

  private List<Long> writeSlowly(int writer, CyclicBarrier start) throws Exception {
    try (Connection connection = log.connect()) {
      connection.setAutoCommit(false);
      start.await(30, TimeUnit.SECONDS);
      List<Long> positions = new ArrayList<>();
      int rows = ThreadLocalRandom.current().nextInt(1, 6);
      for (int row = 0; row < rows; row++) {
        positions.add(log.insert(connection, user, "/pub/e/" + writer + "-" + row));
        // transactions overlap and commit in another order than they began
        log.pause(connection, ThreadLocalRandom.current().nextInt(30));
      }
      connection.commit();
      return positions;
    }
  }

  @Test
  @DisplayName("67: a subscriber that stops reading past every buffer still gets everything")
  void case67() throws Exception {
    int count = 60_000;
    try (Socket socket = new Socket(client.base().getHost(), client.base().getPort())) {
      socket.setReceiveBufferSize(65_536);
      String target = "/events-stream?live=true&path=/pub/e/&user=" + user;
      socket
          .getOutputStream()
          .write(
              ("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      Awaitility.await().until(() -> hub().path("live").asInt() > 0);
      log.insertMany(user, "/pub/e/", count);
      try (SseReader healthy =
          client.stream("live=true&limit=" + count + "&path=/pub/e/&user=" + user)) {
        healthy.awaitEnd(Duration.ofSeconds(60));
      }
      Awaitility.await().atMost(PATIENCE).until(() -> hub().path("behind").asInt() > 0);
      socket.setSoTimeout(30_000);
      assertThat(readPositions(socket.getInputStream(), count)).hasSize(count).isSorted();
    }
  }

  private JsonNode hub() throws IOException {
    return new ObjectMapper().readTree(client.get("/v1/status").body()).path("hub");
  }

  private static List<Long> readPositions(InputStream in, int count) throws Exception {
    List<Long> positions = new ArrayList<>(count);
    StringBuilder line = new StringBuilder();
    byte[] buffer = new byte[65_536];
    while (positions.size() < count) {
      int n = in.read(buffer);
      assertThat(n).as("bytes of an open stream").isPositive();
      for (int i = 0; i < n; i++) {
        char c = (char) (buffer[i] & 0xff);
        if (c != '\n') {
          line.append(c);
          continue;
        }
        if (line.indexOf("data: cursor: ") == 0) {
          positions.add(Long.parseLong(line.substring("data: cursor: ".length())));
        }
        line.setLength(0);
      }
    }
    return positions;
  }

  @Test
  @DisplayName("79: Last-Event-ID wins over older cursors of the URL and not over later ones")
  void case79() {
    String other = TestUsers.random();
    client.writeAll(user, List.of("/pub/e/0", "/pub/e/1"));
    client.writeAll(other, List.of("/pub/e/2", "/pub/e/3"));
    SseReader others = client.stream("user=" + other).awaitEnd();
    String ahead = Long.toString(others.events().get(0).position());

    // the URL of a browser stays what it was, so each reconnect repeats its cursors
    String url = "path=/pub/e/&user=" + user + "&user=" + other + ":" + ahead;
    SseReader first = client.stream(url + "&limit=1").awaitEnd();
    assertThat(first.summaries()).containsExactly("PUT /pub/e/0");
    String id = first.events().get(0).id().orElseThrow();

    SseReader second = client.stream(url, "Last-Event-ID", id).awaitEnd();
    assertThat(second.summaries()).containsExactly("PUT /pub/e/1", "PUT /pub/e/3");

    String last = second.events().get(1).id().orElseThrow();
    try (SseReader third = client.stream(url + "&live=1", "Last-Event-ID", last)) {
      third.awaitControl("gapless.live");
      client.write(user, "/pub/e/4");
      third.awaitEvents(1);
      assertThat(third.summaries()).containsExactly("PUT /pub/e/4");
    }
  }

  @Test
  @DisplayName("79: every frame of a stream carries an id to continue from")
  void case79Frames() {
    client.writeAll(user, IntStream.range(0, 6).mapToObj(i -> "/pub/e/" + i).toList());
    SseReader all = client.stream("path=/pub/e/&user=" + user).awaitEnd();
    assertThat(all.frames()).allMatch(frame -> frame.id().isPresent());
    List<String> summaries = all.summaries();
    for (SseReader.Frame frame : all.frames()) {
      long seen =
          all.frames().subList(0, all.frames().indexOf(frame) + 1).stream()
              .filter(SseReader.Frame::isFileEvent)
              .count();
      assertThat(
              client.stream("path=/pub/e/&user=" + user, "Last-Event-ID", frame.id().orElseThrow())
                  .awaitEnd()
                  .summaries())
          .isEqualTo(summaries.subList((int) seen, summaries.size()));
    }
  }

  @Test
  void showsOnlyWhatFilesWrote() throws SQLException {
    String start = client.feedEnd();
    String stranger = TestUsers.random();
    log.insert(true, stranger, "/pub/unregistered");
    log.insertTyped(user, "/pub/e/other-type", "order.created");
    client.write(user, "/pub/e/last");
    assertThat(client.refusedStream("user=" + stranger).statusCode()).isEqualTo(404);
    assertThat(client.stream("path=/pub/e/&user=" + user).awaitEnd().summaries())
        .containsExactly("PUT /pub/e/last");
    assertThat(client.feedLines("limit=1000&cursor=" + start))
        .hasSize(2)
        .first()
        .isEqualTo("PUT pubky://" + user + "/pub/e/last");
  }
}
