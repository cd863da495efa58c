package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.testkit.RawHttp;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the streams and the feed do beyond the cases of the conformance suite. */
@ExtendWith(SharedNode.class)
class HomeserverStreamTest {
  private final HomeserverClient client;
  private final LogWriter log;
  private final String user = TestUsers.random();
  private final String other = TestUsers.random();

  HomeserverStreamTest(HomeserverClient client, LogWriter log) {
    this.client = client;
    this.log = log;
  }

  private List<String> batch(String query, String... headers) {
    return client.stream(query, headers).awaitEnd().summaries();
  }

  @Test
  void sendsTheseBytes() {
    client.write(user, "/pub/a.txt");
    client.delete(user, "/pub/a.txt");
    SseReader stream = client.stream("user=" + user).awaitEnd();
    String etag = "[A-Za-z0-9+/]{43}=";
    assertThat(stream.frames().get(0).raw())
        .matches("retry: \\d+\nid: 0\nevent: gapless.open\ndata: \\{\"cursor\":\"0\"}\n\n");
    assertThat(stream.frames().get(1).raw())
        .matches(
            "id: (\\d+)-\\w{5}\nevent: PUT\ndata: pubky://"
                + user
                + "/pub/a.txt\ndata: cursor: \\1\ndata: content_hash: "
                + etag
                + "\n\n");
    assertThat(stream.frames().get(2).raw())
        .matches(
            "id: (\\d+)-\\w{5}\nevent: DEL\ndata: pubky://"
                + user
                + "/pub/a.txt\ndata: cursor: \\1\n\n");
    assertThat(stream.frames().get(3).raw())
        .matches("id: \\d+-\\w{5}\nevent: gapless.close\ndata: \\{\"reason\":\"end\"}\n\n");
    assertThat(stream.frames()).hasSize(4);
  }

  @Test
  void setsTheHeadersOfAStream() {
    client.write(user, "/pub/a");
    var headers = client.stream("user=" + user, "Origin", "https://a.example").response().headers();
    assertThat(headers.firstValue("Cache-Control")).hasValue("no-store");
    assertThat(headers.firstValue("Vary")).hasValue("pubky-host, Authorization, Cookie");
    assertThat(headers.firstValue("X-Accel-Buffering")).hasValue("no");
    assertThat(headers.firstValue("Access-Control-Allow-Origin")).hasValue("*");
    assertThat(headers.firstValue("Access-Control-Allow-Credentials")).isEmpty();
  }

  @Test
  void readsEachUserBackwardsFromItsOwnCursor() {
    client.writeAll(user, List.of("/pub/a0", "/pub/a1", "/pub/a2"));
    client.writeAll(other, List.of("/pub/b0", "/pub/b1", "/pub/b2"));
    client.write(user, "/pub/a3");
    String a2 = cursorOf(user, 2);
    String b1 = cursorOf(other, 1);

    assertThat(batch("reverse=1&user=" + user + ":" + a2 + "&user=" + other + ":" + b1))
        .containsExactly("PUT /pub/b0", "PUT /pub/a1", "PUT /pub/a0");
    assertThat(batch("reverse=1&limit=2&user=" + user + ":" + a2 + "&user=" + other))
        .containsExactly("PUT /pub/b2", "PUT /pub/b1");
  }

  @Test
  void resumesBackwardsWhereTheConnectionWasCut() {
    client.writeAll(user, IntStream.range(0, 5).mapToObj(i -> "/pub/" + i).toList());
    String query = "reverse=1&user=" + user;
    SseReader all = client.stream(query).awaitEnd();
    List<String> summaries = all.summaries();
    int seen = 0;
    for (SseReader.Frame frame : all.frames()) {
      seen += frame.isFileEvent() ? 1 : 0;
      assertThat(batch(query, "Last-Event-ID", frame.id().orElseThrow()))
          .isEqualTo(summaries.subList(seen, summaries.size()));
    }
    assertThat(seen).isEqualTo(5);
  }

  @Test
  void tellsThatACursorCannotBeContinued() {
    client.write(user, "/pub/a");
    SseReader stream = client.stream("user=" + user + ":1-zzzzz").awaitEnd();
    assertThat(stream.awaitControl("gapless.reset").raw()).contains("\"reason\":\"diverged\"");
    assertThat(stream.summaries()).containsExactly("PUT /pub/a");

    HttpResponse<String> feed = client.feed("cursor=1-zzzzz");
    assertThat(feed.statusCode()).isEqualTo(410);
    assertThat(feed.body()).isEqualTo("Cursor no longer available");
  }

  @Test
  void sendsCommentsInPlaceOfControlEventsIfAsked() {
    client.write(user, "/pub/a");
    try (HomeserverNode node = SharedNode.nodeWith("gapless.homeserver.control-events = off")) {
      SseReader stream = node.client().stream("user=" + user).awaitEnd();
      assertThat(stream.summaries()).containsExactly("PUT /pub/a");
      assertThat(stream.frames()).noneMatch(frame -> frame.raw().contains("event: gapless."));
      assertThat(stream.frames().get(0).raw()).matches("retry: \\d+\n: gapless.open\n\n");
    }
  }

  @Test
  void fillsAPageOfTheFeedOverManyReadsOfTheLog() {
    client.write(user, "/pub/first");
    String start = client.feedEnd();
    for (int i = 0; i < 3; i++) {
      client.writeAll(
          user, IntStream.range(i * 20, i * 20 + 20).mapToObj(n -> "/priv/" + n).toList());
      client.write(user, "/pub/" + i);
    }
    try (HomeserverNode node = SharedNode.nodeWith("gapless.hub.page-scan = 7")) {
      assertThat(node.client().feedLines("limit=3&cursor=" + start))
          .hasSize(4)
          .element(2)
          .isEqualTo("PUT pubky://" + user + "/pub/2");
      assertThat(node.client().stream("reverse=1&user=" + user).awaitEnd().summaries())
          .containsExactly("PUT /pub/2", "PUT /pub/1", "PUT /pub/0", "PUT /pub/first");
    }
  }

  @Test
  void saysHowFarItCameWhenAPageTakesTooLong() throws Exception {
    client.write(user, "/pub/first");
    String start = client.feedEnd();
    log.insertMany(user, "/priv/", 30);
    client.write(user, "/pub/last");
    try (HomeserverNode node = SharedNode.nodeWith("gapless.hub.page-scan = 7")) {
      FeedReader impatient = node.feed(Duration.ofNanos(1));
      String cursor = start;
      int rounds = 0;
      String page = "";
      while (!page.startsWith("PUT") && rounds++ < 20) {
        FeedQuery query = new FeedQuery(Cursor.parse(cursor).orElseThrow(), 10);
        page = impatient.read(query).toCompletableFuture().get().orElseThrow();
        cursor = page.substring(page.indexOf("cursor: ") + "cursor: ".length());
      }
      assertThat(page).startsWith("PUT pubky://" + user + "/pub/last\ncursor: ");
      assertThat(rounds).isGreaterThan(2);
    }
  }

  @Test
  void refusesWhatDoesNotDecode() throws IOException {
    client.write(user, "/pub/a");
    for (String query : List.of("path=%ff", "user=%ff", "%ff=1", "limit=%00", "path=/pub/%0a")) {
      RawHttp.Answer answer =
          RawHttp.get(client.base().getPort(), "/events-stream?user=" + user + "&" + query);
      assertThat(answer.status()).as(query).isEqualTo(400);
      assertThat(answer.header("content-type")).hasValue("text/plain; charset=UTF-8");
    }
    // what is no URI is refused before any face is known
    for (String query : List.of("path=%zz", "path=%")) {
      RawHttp.Answer answer =
          RawHttp.get(client.base().getPort(), "/events-stream?user=" + user + "&" + query);
      assertThat(answer.status()).as(query).isEqualTo(400);
    }
    for (String id : List.of("abc", "-1", "9223372036854775808", "1-!!!!!", "9".repeat(5_000))) {
      RawHttp.Answer answer =
          RawHttp.get(
              client.base().getPort(), "/events-stream?user=" + user, "Last-Event-ID: " + id);
      assertThat(answer.status()).as(id).isEqualTo(400);
      assertThat(answer.text()).startsWith("Invalid Last-Event-ID");
    }
  }

  private String cursorOf(String key, int index) {
    SseReader all = client.stream("user=" + key).awaitEnd();
    return Long.toString(all.events().get(index).position());
  }
}
