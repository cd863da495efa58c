package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Cases 76 to 78 of the conformance suite: files. */
@ExtendWith(SharedNode.class)
class StorageConformanceTest {
  private final HomeserverClient client;
  private final String user = TestUsers.random();

  StorageConformanceTest(HomeserverClient client) {
    this.client = client;
  }

  @Test
  @DisplayName("76: a path is a file or a folder, never both")
  void case76() {
    client.write(user, "/pub/foo");
    assertThat(client.put(user, "/pub/foo/bar", "x").statusCode()).isEqualTo(409);
    client.delete(user, "/pub/foo");
    client.write(user, "/pub/foo/bar");
    assertThat(client.put(user, "/pub/foo", "x").statusCode()).isEqualTo(409);
    client.delete(user, "/pub/foo/bar");
    client.write(user, "/pub/foo");
  }

  @Test
  @DisplayName("77: a quota of 1 MB")
  void case77() throws Exception {
    try (HomeserverNode small = SharedNode.nodeWith("gapless.files.quota = 1 MB")) {
      byte[] large = new byte[600_000];
      assertThat(small.client().put(user, "/pub/a", large).statusCode()).isEqualTo(201);
      assertThat(small.client().put(user, "/pub/a", large).statusCode()).isEqualTo(201);
      assertThat(small.client().put(user, "/pub/b", large).statusCode()).isEqualTo(507);
      assertThat(small.client().get(user, "/pub/b").statusCode()).isEqualTo(404);
      assertThat(client.stream("user=" + user).awaitEnd().summaries())
          .containsExactly("PUT /pub/a", "PUT /pub/a");
    }
  }

  @Test
  @DisplayName("78: listings, deep and shallow, with cursors, in both directions")
  void case78() {
    client.writeAll(
        user, List.of("/pub/b", "/pub/a.txt", "/pub/dir/x", "/pub/dir/sub/y", "/pub/dirz"));

    assertThat(list("/pub/", ""))
        .containsExactly("/pub/a.txt", "/pub/b", "/pub/dir/sub/y", "/pub/dir/x", "/pub/dirz");
    assertThat(list("/pub/", "reverse=true"))
        .containsExactly("/pub/dirz", "/pub/dir/x", "/pub/dir/sub/y", "/pub/b", "/pub/a.txt");
    assertThat(list("/pub/", "shallow=true"))
        .containsExactly("/pub/a.txt", "/pub/b", "/pub/dir/", "/pub/dirz");
    assertThat(list("/pub/", "shallow=true&reverse=true"))
        .containsExactly("/pub/dirz", "/pub/dir/", "/pub/b", "/pub/a.txt");
    assertThat(list("/pub/dir/", "")).containsExactly("/pub/dir/sub/y", "/pub/dir/x");

    assertThat(list("/pub/", "limit=2")).containsExactly("/pub/a.txt", "/pub/b");
    assertThat(list("/pub/", "limit=2&cursor=pubky://" + user + "/pub/b"))
        .containsExactly("/pub/dir/sub/y", "/pub/dir/x");
    assertThat(list("/pub/", "reverse=true&limit=2&cursor=pubky://" + user + "/pub/dir/x"))
        .containsExactly("/pub/dir/sub/y", "/pub/b");
  }

  private List<String> list(String folder, String query) {
    String body = client.get(user, folder + "?" + query).body();
    String prefix = "pubky://" + user;
    return body.lines()
        .map(
            line -> {
              assertThat(line).startsWith(prefix);
              return line.substring(prefix.length());
            })
        .toList();
  }
}
