package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Cases 14 to 20 of the conformance suite: paths and several users. */
@ExtendWith(SharedNode.class)
class StreamFiltersConformanceTest {
  private final HomeserverClient client;
  private final String user = TestUsers.random();
  private final String other = TestUsers.random();

  StreamFiltersConformanceTest(HomeserverClient client) {
    this.client = client;
  }

  private List<String> batch(String query) {
    return client.stream(query).awaitEnd().summaries();
  }

  @Test
  @DisplayName("14: a folder filter shows only what is under it")
  void case14() {
    client.writeAll(
        user,
        List.of("/pub/files/a", "/pub/photos/b", "/pub/files/sub/c", "/pub/d", "/pub/filesx"));
    assertThat(batch("path=/pub/files/&user=" + user))
        .containsExactly("PUT /pub/files/a", "PUT /pub/files/sub/c");
    assertThat(batch("path=/pub/files/&path=/pub/d&user=" + user))
        .containsExactly("PUT /pub/files/a", "PUT /pub/files/sub/c", "PUT /pub/d");
  }

  @Test
  @DisplayName("15: filter and limit, then the rest by cursor without a duplicate")
  void case15() {
    for (int i = 0; i < 8; i++) {
      client.write(user, "/pub/files/" + i);
      client.write(user, "/pub/photos/" + i);
    }
    SseReader first = client.stream("limit=5&path=/pub/files/&user=" + user).awaitEnd();
    assertThat(first.events()).hasSize(5);
    long cursor = first.events().get(4).position();
    assertThat(batch("path=/pub/files/&user=" + user + ":" + cursor))
        .containsExactly("PUT /pub/files/5", "PUT /pub/files/6", "PUT /pub/files/7");
  }

  @Test
  @DisplayName("16: two users and a filter are a union, in the order of the log")
  void case16() {
    client.write(user, "/pub/files/a");
    client.write(other, "/pub/files/b");
    client.write(other, "/pub/photos/x");
    client.write(user, "/pub/files/c");
    assertThat(batch("path=/pub/files/&user=" + user + "&user=" + other))
        .containsExactly("PUT /pub/files/a", "PUT /pub/files/b", "PUT /pub/files/c");
  }

  @Test
  @DisplayName("17: filter and reverse: newest first")
  void case17() {
    client.writeAll(user, List.of("/pub/files/a", "/pub/x", "/pub/files/b", "/pub/files/c"));
    assertThat(batch("reverse=true&path=/pub/files/&user=" + user))
        .containsExactly("PUT /pub/files/c", "PUT /pub/files/b", "PUT /pub/files/a");
  }

  @Test
  @DisplayName("18: no character of a path is a wildcard, and a prefix is a folder")
  void case18() {
    List<String> paths =
        List.of(
            "/pub/my_folder/a",
            "/pub/myfolder/a",
            "/pub/my-folder/a",
            "/pub/100%25/a",
            "/pub/100x/a",
            "/pub/back%5Cslash/a",
            "/pub/backslash/a",
            "/pub/app-evil/a",
            "/pub/app",
            "/pub/dot.ted/a",
            "/pub/dotxted/a");
    client.writeAll(user, paths);
    String from = "&user=" + user;
    assertThat(batch("path=/pub/my_folder/" + from)).containsExactly("PUT /pub/my_folder/a");
    assertThat(batch("path=/pub/100%25/" + from)).containsExactly("PUT /pub/100%/a");
    assertThat(batch("path=/pub/back%5Cslash/" + from)).containsExactly("PUT /pub/back\\slash/a");
    assertThat(batch("path=/pub/dot.ted/" + from)).containsExactly("PUT /pub/dot.ted/a");
    assertThat(batch("path=/pub/app/" + from)).isEmpty();
    assertThat(batch("path=/pub/app" + from)).containsExactly("PUT /pub/app");
    assertThat(batch("path=/pub/" + from)).hasSize(paths.size());
    assertThat(batch("path=/pub/" + from)).allMatch(line -> line.startsWith("PUT /pub/"));
  }

  @Test
  @DisplayName("19: only the users asked for")
  void case19() {
    String third = writeThreeTwoFour();
    assertThat(batch("user=" + user + "&user=" + other))
        .containsExactly("PUT /pub/a0", "PUT /pub/b0", "PUT /pub/a1", "PUT /pub/b1", "PUT /pub/a2");
    assertThat(batch("user=" + third)).hasSize(4);
  }

  @Test
  @DisplayName("20: resuming one user by its cursor brings the rest of both")
  void case20() {
    client.writeAll(user, List.of("/pub/a0", "/pub/a1", "/pub/a2"));
    client.writeAll(other, List.of("/pub/b0", "/pub/b1"));
    SseReader first = client.stream("limit=2&user=" + user + "&user=" + other).awaitEnd();
    assertThat(first.summaries()).containsExactly("PUT /pub/a0", "PUT /pub/a1");
    long cursor = first.events().get(1).position();
    assertThat(batch("user=" + user + ":" + cursor + "&user=" + other))
        .containsExactly("PUT /pub/a2", "PUT /pub/b0", "PUT /pub/b1");
  }

  private String writeThreeTwoFour() {
    String third = TestUsers.random();
    for (int i = 0; i < 4; i++) {
      if (i < 3) {
        client.write(user, "/pub/a" + i);
      }
      if (i < 2) {
        client.write(other, "/pub/b" + i);
      }
      client.write(third, "/pub/c" + i);
    }
    return third;
  }
}
