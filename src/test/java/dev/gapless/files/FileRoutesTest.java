package dev.gapless.files;

import static dev.gapless.files.FaceClient.header;
import static dev.gapless.files.FileFixture.CHUNK;
import static dev.gapless.files.FileFixture.hash;
import static dev.gapless.files.FileStoreTest.bytes;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.event.Cursor;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The native face over a real socket. */
class FileRoutesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static FileFixture files;
  private static FaceServer server;
  private static FaceClient client;

  @BeforeAll
  static void start() {
    files = new FileFixture();
    server = FaceServer.open(files, FaceServer::nativeFace);
    client = new FaceClient(server.port());
  }

  @AfterAll
  static void stop() {
    server.close();
    files.close();
  }

  @Test
  void aFileIsCreatedReplacedReadAndDeleted() throws Exception {
    byte[] body = bytes(3 * CHUNK + 1);
    HttpResponse<byte[]> created = client.put("/v1/files/acme/pub/a%20b.txt", body);
    assertThat(created.statusCode()).isEqualTo(201);
    assertThat(header(created, "ETag")).isEqualTo('"' + hash(body) + '"');
    Cursor cursor = Cursor.parse(header(created, "X-Event-Cursor")).orElseThrow();
    assertThat(cursor.isBare()).isFalse();
    assertThat(files.texts("SELECT path FROM gapless.events WHERE id = ?", cursor.position()))
        .containsExactly("/pub/a b.txt");
    assertThat(client.put("/v1/files/acme/pub/a%20b.txt", body).statusCode()).isEqualTo(200);

    HttpResponse<byte[]> read = client.get("/v1/files/acme/pub/./x/../a b.txt".replace(" ", "%20"));
    assertThat(read.statusCode()).isEqualTo(200);
    assertThat(read.body()).isEqualTo(body);
    assertThat(header(read, "ETag")).isEqualTo(header(created, "ETag"));
    assertThat(header(read, "Content-Length")).isEqualTo(Integer.toString(body.length));
    assertThat(header(read, "Content-Type")).isEqualTo("text/plain");
    assertThat(header(read, "X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(header(read, "Content-Security-Policy")).isEqualTo("sandbox; default-src 'none'");
    assertThat(header(read, "Vary")).contains("Authorization");

    HttpResponse<byte[]> head = client.head("/v1/files/acme/pub/a%20b.txt");
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(header(head, "Content-Length")).isEqualTo(Integer.toString(body.length));
    assertThat(header(head, "Last-Modified")).isEqualTo(header(read, "Last-Modified"));

    HttpResponse<byte[]> deleted = client.delete("/v1/files/acme/pub/a%20b.txt");
    assertThat(deleted.statusCode()).isEqualTo(204);
    assertThat(Cursor.parse(header(deleted, "X-Event-Cursor"))).isPresent();
    assertThat(client.delete("/v1/files/acme/pub/a%20b.txt").statusCode()).isEqualTo(404);
    assertThat(client.get("/v1/files/acme/pub/a%20b.txt").statusCode()).isEqualTo(404);
  }

  @Test
  void conditionsAndRangesAreAnswered() throws Exception {
    byte[] body = bytes(2 * CHUNK + 100);
    String path = "/v1/files/cond/pub/a.bin";
    String etag = header(client.put(path, body, "If-None-Match", "*"), "ETag");
    assertThat(client.put(path, body, "If-None-Match", "*").statusCode()).isEqualTo(412);
    assertThat(client.put(path, body, "If-Match", "\"other\"").statusCode()).isEqualTo(412);
    assertThat(client.put(path, body, "If-Match", etag).statusCode()).isEqualTo(200);
    assertThat(client.put(path, body, "If-Match", "other").statusCode()).isEqualTo(400);
    HttpResponse<byte[]> same = client.get(path, "If-None-Match", etag);
    assertThat(same.statusCode()).isEqualTo(304);
    assertThat(header(same, "ETag")).isEqualTo(etag);
    String modified = header(same, "Last-Modified");
    assertThat(client.get(path, "If-Modified-Since", modified).statusCode()).isEqualTo(304);
    assertThat(client.get(path, "If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT").statusCode())
        .isEqualTo(200);

    HttpResponse<byte[]> part = client.get(path, "Range", "bytes=100-" + (CHUNK + 7));
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(part.body()).isEqualTo(Arrays.copyOfRange(body, 100, CHUNK + 8));
    assertThat(header(part, "Content-Range"))
        .isEqualTo("bytes 100-%d/%d".formatted(CHUNK + 7, body.length));
    assertThat(client.get(path, "Range", "bytes=100-", "If-Range", "\"other\"").body())
        .isEqualTo(body);
    assertThat(client.get(path, "Range", "bytes=100-", "If-Range", etag).statusCode())
        .isEqualTo(206);
    HttpResponse<byte[]> none = client.get(path, "Range", "bytes=%d-".formatted(body.length));
    assertThat(none.statusCode()).isEqualTo(416);
    assertThat(header(none, "Content-Range")).isEqualTo("bytes */" + body.length);
    assertThat(client.delete(path, "If-Match", "\"x\"").statusCode()).isEqualTo(412);
  }

  @Test
  void refusalsAreProblems() throws Exception {
    assertThat(client.put("/v1/files/bad/a", bytes(10)).statusCode()).isEqualTo(201);
    assertProblem(client.put("/v1/files/bad/a/b", bytes(10)), 409);
    assertProblem(client.put("/v1/files/bad/big", bytes(600_000)), 201);
    assertProblem(client.put("/v1/files/bad/big2", bytes(600_000)), 507);
    assertProblem(client.put("/v1/files/bad/dir/", bytes(10)), 400);
    assertProblem(client.put("/v1/files/bad/", bytes(10)), 400);
    assertProblem(client.send("POST", "/v1/files/bad/a", new byte[1]), 405);
    assertProblem(client.get("/v1/files/bad/?limit=0"), 400);
    assertProblem(client.get("/v1/files/bad/?limit=1001"), 400);
    assertProblem(client.get("/v1/files/bad/?reverse=1"), 400);
    assertProblem(client.get("/v1/files/bad/?after=x"), 400);
    assertThat(files.events("bad")).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/files/acme/%2e%2e/x,400",
    "/v1/files/acme/../x,400",
    "/v1/files/acme/a%2Fb,400",
    "/v1/files/acme/a%00b,400",
    "/v1/files/acme/%ff,400",
    "/v1/files/acme/%0a,400",
    "/v1/files/ac%20me/a,400",
    "/v1/files//a,400",
    "/v1/files,404",
    "/v1/filesystem/a,404",
    "/v1/files/acme/none,404"
  })
  void targetsAreTakenAsSent(String target, int status) throws Exception {
    assertThat(
            client.raw(
                "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status);
  }

  @Test
  void aBodyThatIsTooLongIsRefusedAnnouncedOrNot() throws Exception {
    String head = "PUT /v1/files/long/a HTTP/1.1\r\nHost: localhost\r\n";
    assertThat(client.raw(head + "Content-Length: 10000001\r\nExpect: 100-continue\r\n\r\n"))
        .startsWith("HTTP/1.1 413");
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write((head + "Transfer-Encoding: chunked\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      byte[] piece =
          ("100000\r\n" + "x".repeat(0x100000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      Thread writer =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 100; i++) {
                    out.write(piece);
                  }
                } catch (java.io.IOException endedByTheServer) {
                  // as it should
                }
              });
      writer.start();
      assertThat(FaceClient.firstLine(socket)).startsWith("HTTP/1.1 413");
      socket.close();
      writer.join(10_000);
    }
    assertThat(files.events("long")).isEmpty();
  }

  @Test
  void anUploadThatBreaksOffChangesNothing() throws Exception {
    client.put("/v1/files/broken/a", "old".getBytes());
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      socket
          .getOutputStream()
          .write(
              ("PUT /v1/files/broken/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
                      + "x".repeat(50_000))
                  .getBytes(StandardCharsets.US_ASCII));
      Awaitility.await()
          .until(
              () ->
                  files.number("SELECT count(*) FROM gapless.file_versions WHERE NOT linked") > 0);
    }
    Awaitility.await()
        .untilAsserted(
            () -> {
              files.clean();
              assertThat(
                      files.number("SELECT count(*) FROM gapless.file_versions WHERE NOT linked"))
                  .isZero();
            });
    assertThat(new String(client.get("/v1/files/broken/a").body())).isEqualTo("old");
    assertThat(files.events("broken")).hasSize(1);
  }

  @Test
  void foldersAreListed() throws Exception {
    for (String path : List.of("a", "b/c", "b/d", "e")) {
      client.put("/v1/files/list/pub/" + path, "x".getBytes());
    }
    JsonNode page = JSON.readTree(client.get("/v1/files/list/pub/?limit=3").body());
    assertThat(paths(page)).containsExactly("/pub/a", "/pub/b/c", "/pub/b/d");
    assertThat(page.get("more").asBoolean()).isTrue();
    assertThat(page.get("entries").get(0).get("content_hash").asText())
        .isEqualTo(hash("x".getBytes()));
    page = JSON.readTree(client.get("/v1/files/list/pub/?after=/pub/b/d&shallow=true").body());
    assertThat(paths(page)).containsExactly("/pub/e");
    page = JSON.readTree(client.get("/v1/files/list/pub/?shallow=true&reverse=true").body());
    assertThat(paths(page)).containsExactly("/pub/e", "/pub/b/", "/pub/a");
    assertThat(page.get("entries").get(1).get("kind").asText()).isEqualTo("folder");
    assertThat(client.get("/v1/files/list").statusCode()).isEqualTo(200);
  }

  @Test
  void anOwnerIsErased() throws Exception {
    client.put("/v1/files/gone/pub/a", "x".getBytes());
    CompletableFuture<HttpResponse<byte[]>> answer =
        CompletableFuture.supplyAsync(() -> client.delete("/v1/owners/gone"));
    org.awaitility.Awaitility.await().until(() -> files.events("gone").size() == 2);
    assertThat(answer).isNotDone();
    files.eraseAll();
    assertThat(answer.get(20, SECONDS).statusCode()).isEqualTo(204);
    Cursor mark = Cursor.parse(header(answer.get(), "X-Event-Cursor")).orElseThrow();
    assertThat(files.texts("SELECT type FROM gapless.events WHERE id = ?", mark.position()))
        .containsExactly("ERASED");
    assertThat(client.get("/v1/files/gone/pub/a").statusCode()).isEqualTo(404);
    assertProblem(client.delete("/v1/owners/gone"), 404);
    assertProblem(client.delete("/v1/owners/gone/x"), 400);
  }

  private static void assertProblem(HttpResponse<byte[]> answer, int status) throws Exception {
    assertThat(answer.statusCode()).isEqualTo(status);
    if (status >= 400) {
      assertThat(header(answer, "Content-Type")).isEqualTo("application/problem+json");
      assertThat(JSON.readTree(answer.body()).get("status").asInt()).isEqualTo(status);
    }
  }

  private static List<String> paths(JsonNode page) {
    return StreamSupport.stream(page.get("entries").spliterator(), false)
        .map(entry -> entry.get("path").asText())
        .toList();
  }
}
