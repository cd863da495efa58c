package dev.gapless.homeserver;

import static dev.gapless.files.FaceClient.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.files.FaceClient;
import dev.gapless.files.FaceServer;
import dev.gapless.files.FileFixture;
import dev.gapless.http.Admission;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HomeserverFilesTest {
  private static final String HOST = "pubky-host";

  private static FileFixture files;
  private static FaceServer server;
  private static FaceClient client;

  @BeforeAll
  static void start() {
    files = new FileFixture();
    server =
        FaceServer.open(
            files,
            (system, store, guard, http) ->
                HomeserverFileRoutes.create(
                    system, store, guard, Admission.create(http.admission())));
    client = new FaceClient(server.port());
  }

  @AfterAll
  static void stop() {
    server.close();
    files.close();
  }

  @Test
  void aFileIsPutReadAndDeleted() {
    String user = user(1);
    byte[] body = {0, 1, 2, 3, 4};
    HttpResponse<byte[]> created = client.put("/pub/foo.txt", body, HOST, user);
    assertThat(created.statusCode()).isEqualTo(201);
    assertThat(client.put("/pub/foo.txt", body, HOST, user).statusCode()).isEqualTo(201);
    assertThat(Cursor.parse(header(created, "X-Event-Cursor"))).isPresent();

    HttpResponse<byte[]> read = client.get("/pub/foo.txt", HOST, user);
    assertThat(read.statusCode()).isEqualTo(200);
    assertThat(read.body()).isEqualTo(body);
    assertThat(header(read, "ETag")).isEqualTo('"' + FileFixture.hash(body) + '"');
    assertThat(header(read, "Content-Type")).isEqualTo("text/plain");
    assertThat(header(read, "Content-Length")).isEqualTo("5");
    assertThat(header(read, "Last-Modified")).endsWith("GMT");
    assertThat(header(read, "Vary")).isEqualTo("pubky-host, Authorization, Cookie");
    assertThat(client.head("/pub/foo.txt", HOST, user).statusCode()).isEqualTo(200);
    assertThat(
            client
                .get("/pub/foo.txt", HOST, user, "If-None-Match", header(read, "ETag"))
                .statusCode())
        .isEqualTo(304);

    assertThat(client.delete("/pub/foo.txt", HOST, user).statusCode()).isEqualTo(204);
    assertText(client.delete("/pub/foo.txt", HOST, user), 404, "Not Found");
    assertText(client.get("/pub/foo.txt", HOST, user), 404, "Not Found");
    assertThat(files.events(user)).hasSize(3);
  }

  @Test
  void theUserIsNamedByHeaderParameterOrHost() {
    String user = user(2);
    String other = user(3);
    client.put("/pub/a?pubky-host=" + user, new byte[1]);
    assertThat(client.get("/pub/a", HOST, user).statusCode()).isEqualTo(200);
    assertThat(client.get("/pub/a?pubky-host=" + user, HOST, other).statusCode()).isEqualTo(404);
    assertThat(client.get("/pub/a?pubky-host=" + other, HOST, user).statusCode()).isEqualTo(200);
    assertThat(client.raw(get("/pub/a", user))).startsWith("HTTP/1.1 200");
    assertThat(client.raw(get("/pub/a", user + ":8080"))).startsWith("HTTP/1.1 200");
    assertThat(client.raw(get("/pub/a", other))).startsWith("HTTP/1.1 404");
    assertThat(client.raw(get("/pub/a", "evil.example"))).startsWith("HTTP/1.1 4");
    assertThat(client.get("/pub/a").statusCode()).isEqualTo(400);
    assertThat(client.get("/pub/a?pubky-host=", HOST, user).statusCode()).isEqualTo(200);
    assertThat(client.get("/pub/a?pubky-host=").statusCode()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "localhost", "pubky", "../x", "<script>"})
  void aNameThatIsNoKeyIsRefused(String name) {
    HttpResponse<byte[]> refused = client.put("/pub/a", new byte[1], HOST, name);
    assertText(refused, 400, "pubky-host does not name a user");
    assertThat(client.get("/pub/a", HOST, "pubky" + user(1)).statusCode()).isEqualTo(400);
  }

  /** Conformance case 76. */
  @Test
  void aPathIsAFileOrAFolder() {
    String user = user(4);
    assertThat(put(user, "/pub/foo").statusCode()).isEqualTo(201);
    assertThat(put(user, "/pub/foo/bar").statusCode()).isEqualTo(409);
    assertThat(client.get("/pub/foo/bar", HOST, user).statusCode()).isEqualTo(404);
    client.delete("/pub/foo", HOST, user);
    assertThat(put(user, "/pub/foo/bar").statusCode()).isEqualTo(201);
    assertThat(put(user, "/pub/foo").statusCode()).isEqualTo(409);
    client.delete("/pub/foo/bar", HOST, user);
    assertThat(put(user, "/pub/foo").statusCode()).isEqualTo(201);
    assertThat(put(user, "/pub/dir/").statusCode()).isEqualTo(400);
  }

  /** Conformance case 77. */
  @Test
  void theQuotaIsOneMegabyte() {
    String user = user(5);
    byte[] body = new byte[600_000];
    assertThat(client.put("/pub/a", body, HOST, user).statusCode()).isEqualTo(201);
    assertThat(client.put("/pub/a", body, HOST, user).statusCode()).isEqualTo(201);
    assertThat(client.put("/pub/b", body, HOST, user).statusCode()).isEqualTo(507);
  }

  /** Conformance case 78. */
  @Test
  void foldersAreListedDeepAndShallowInBothDirections() {
    String user = user(6);
    for (String name :
        List.of(
            "a.com/a",
            "example.com/a",
            "example.com/b",
            "example.con-file",
            "example.con/d",
            "file",
            "z.com/a")) {
      put(user, "/pub/" + name);
    }
    assertThat(list(user, "/pub/?limit=2"))
        .containsExactly(
            "pubky://" + user + "/pub/a.com/a", "pubky://" + user + "/pub/example.com/a");
    assertThat(names(user, "limit=2&cursor=pubky://" + user + "/pub/example.com/a"))
        .containsExactly("example.com/b", "example.con-file");
    assertThat(names(user, "limit=2&cursor=" + user + "/pub/example.com/a&shallow=true"))
        .containsExactly("example.con-file", "example.con/");
    assertThat(names(user, "limit=2&cursor=example.com/&shallow=1"))
        .containsExactly("example.con-file", "example.con/");
    assertThat(names(user, "shallow=true"))
        .containsExactly(
            "a.com/", "example.com/", "example.con-file", "example.con/", "file", "z.com/");
    assertThat(names(user, "shallow=true&reverse=true&limit=2")).containsExactly("z.com/", "file");
    assertThat(names(user, "reverse=true&limit=2&cursor=/pub/file"))
        .containsExactly("example.con/d", "example.con-file");
    assertThat(names(user, "limit=99999&limit=x&cursor=")).hasSize(7);
    assertText(client.get("/pub/?cursor=zzz", HOST, user), 200, "");
    assertText(client.get("/pub/none/", HOST, user), 404, "Directory Not Found");
    assertThat(client.get("/pub/?cursor=%00", HOST, user).statusCode()).isEqualTo(400);
    assertThat(client.get("/pub/?cursor=../../x", HOST, user).statusCode()).isEqualTo(400);
  }

  @Test
  void anyPageMayReadWithoutCredentials() {
    HttpResponse<byte[]> read =
        client.get("/pub/none", HOST, user(1), "Origin", "https://app.example");
    assertThat(header(read, "Access-Control-Allow-Origin")).isEqualTo("*");
    assertThat(read.headers().firstValue("Access-Control-Allow-Credentials")).isEmpty();
    assertThat(
            client
                .put("/pub/a", new byte[1], HOST, user(1), "Origin", "https://app.example")
                .statusCode())
        .isEqualTo(403);
  }

  @Test
  void otherPathsAreNotServedAndOtherMethodsNotAllowed() {
    assertThat(client.get("/public/a", HOST, user(1)).statusCode()).isEqualTo(404);
    assertThat(client.get("/pub", HOST, user(1)).statusCode()).isEqualTo(404);
    assertThat(client.send("POST", "/pub/a", new byte[1], HOST, user(1)).statusCode())
        .isEqualTo(405);
    assertThat(client.raw(get("/pub/../priv/a", user(1)))).startsWith("HTTP/1.1 400");
    assertThat(client.raw(get("/pub/..%2fpriv/a", user(1)))).startsWith("HTTP/1.1 400");
  }

  private static String user(int number) {
    String text = Integer.toBinaryString(number).replace('0', 'n').replace('1', 'b');
    return "y".repeat(51 - text.length()) + text + "y";
  }

  private static String get(String target, String host) {
    return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  }

  private static HttpResponse<byte[]> put(String user, String path) {
    return client.put(path, "x".getBytes(StandardCharsets.UTF_8), HOST, user);
  }

  private static List<String> list(String user, String target) {
    HttpResponse<byte[]> answer = client.get(target, HOST, user);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(header(answer, "Content-Type")).startsWith("text/plain");
    return Arrays.asList(new String(answer.body(), StandardCharsets.UTF_8).split("\n"));
  }

  private static List<String> names(String user, String query) {
    String prefix = "pubky://" + user + "/pub/";
    return list(user, "/pub/?" + query).stream()
        .map(
            line -> {
              assertThat(line).startsWith(prefix);
              return line.substring(prefix.length());
            })
        .toList();
  }

  private static void assertText(HttpResponse<byte[]> answer, int status, String body) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(new String(answer.body(), StandardCharsets.UTF_8)).isEqualTo(body);
    assertThat(header(answer, "Content-Type")).startsWith("text/plain");
  }
}
