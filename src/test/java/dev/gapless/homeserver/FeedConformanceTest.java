package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Cases 1 to 4 of the conformance suite: {@code GET /events/}. */
@ExtendWith(SharedNode.class)
class FeedConformanceTest {
  private final HomeserverClient client;
  private final String user = TestUsers.random();
  private final String start;

  FeedConformanceTest(HomeserverClient client) {
    this.client = client;
    this.start = client.feedEnd();
  }

  @Test
  @DisplayName("1: pages of alternating PUT and DEL continue at their cursor")
  void case1() {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      String path = "/pub/example.com/" + i;
      client.write(user, path);
      client.delete(user, path);
      expected.add("PUT pubky://" + user + path);
      expected.add("DEL pubky://" + user + path);
    }

    List<String> first = client.feedLines("limit=10&cursor=" + start);
    assertThat(first.subList(0, 10)).isEqualTo(expected.subList(0, 10));
    assertThat(first).hasSize(11).last().asString().matches("cursor: \\d+");

    String cursor = first.get(10).substring("cursor: ".length());
    List<String> second = client.feedLines("limit=10&cursor=" + cursor);
    assertThat(second.subList(0, 10)).isEqualTo(expected.subList(10, 20));
    assertThat(second).hasSize(11);
    assertThat(client.feedLines("limit=10&cursor=pubky://" + cursor)).isEqualTo(second);
  }

  @Test
  @DisplayName("2: a PUT is shown exactly once, and its file can be read from then on")
  void case2() {
    client.write(user, "/pub/file");

    HttpResponse<String> feed = client.feed("cursor=" + start);
    assertThat(feed.body()).matches("PUT pubky://" + user + "/pub/file\ncursor: \\d+");
    assertThat(feed.headers().firstValue("Content-Type")).hasValue("text/plain; charset=UTF-8");
    assertThat(client.get(user, "/pub/file").body()).isEqualTo("content of /pub/file");
    assertThat(client.head(user, "/pub/file").statusCode()).isEqualTo(200);
  }

  @Test
  @DisplayName("3: private paths are never shown, and a page is full although they are interleaved")
  void case3() {
    client.write(user, "/pub/a");
    client.write(user, "/priv/app/secret");
    client.write(user, "/pub/b");

    List<String> lines = client.feedLines("limit=2&cursor=" + start);
    assertThat(lines.subList(0, 2))
        .containsExactly("PUT pubky://" + user + "/pub/a", "PUT pubky://" + user + "/pub/b");
    assertThat(client.feed("limit=1000").body()).doesNotContain("/priv/");
  }

  @Test
  @DisplayName("4: the same bytes of two users are two files")
  void case4() {
    String other = TestUsers.random();
    client.put(user, "/pub/same", "same bytes");
    client.put(other, "/pub/same", "same bytes");
    client.delete(user, "/pub/same");

    assertThat(client.feedLines("cursor=" + start).subList(0, 3))
        .containsExactly(
            "PUT pubky://" + user + "/pub/same",
            "PUT pubky://" + other + "/pub/same",
            "DEL pubky://" + user + "/pub/same");
    assertThat(client.get(other, "/pub/same").body()).isEqualTo("same bytes");
  }

  @Test
  void answersBadCursorsAndAnEmptyPage() {
    assertThat(client.feed("cursor=abc").statusCode()).isEqualTo(400);
    assertThat(client.feed("cursor=abc").body()).isEqualTo("Invalid cursor");
    assertThat(client.feed("cursor=9223372036854775808").statusCode()).isEqualTo(400);
    assertThat(client.feed("cursor=" + start).body()).isEmpty();
    assertThat(client.feed("cursor=999999999").body()).isEmpty();
    assertThat(client.feed("cursor=&limit=abc").statusCode()).isEqualTo(200);
  }
}
