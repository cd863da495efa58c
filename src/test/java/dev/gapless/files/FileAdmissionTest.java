package dev.gapless.files;

import static dev.gapless.files.FaceClient.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** How many changes of files a caller may make over time. */
class FileAdmissionTest {
  private static final String FILE = "/v1/files/acme/pub/a";

  @Test
  void aCallerHasItsChangesAndNoMore() throws Exception {
    try (FileFixture files = new FileFixture();
        FaceServer server =
            FaceServer.start(
                files,
                FaceServer::nativeFace,
                "gapless.http.admission.file-changes { per-second = 0.01, burst = 4 }")) {
      FaceClient client = new FaceClient(server.port());
      assertThat(client.put(FILE, bytes("first")).statusCode()).isEqualTo(201);
      assertThat(client.put(FILE + "b", bytes("gone")).statusCode()).isEqualTo(201);
      assertThat(client.delete(FILE + "b").statusCode()).isEqualTo(204);
      assertThat(client.put(FILE, bytes("second")).statusCode()).isEqualTo(200);

      assertTooMany(client.put(FILE, bytes("third")));
      assertTooMany(client.delete(FILE));
      // before the body: nobody is asked to send it
      try (RawHttp http = RawHttp.connect(server.port())) {
        http.write(
            RawHttp.head(
                "PUT " + FILE + " HTTP/1.1",
                new byte[0],
                "Content-Length: 100000000",
                "Expect: 100-continue"));
        assertThat(http.readHead().status()).isEqualTo(429);
      }
      assertThat(client.get(FILE).body()).isEqualTo(bytes("second"));
      assertThat(files.events("acme")).hasSize(4);
    }
  }

  private static void assertTooMany(HttpResponse<byte[]> answer) {
    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(Integer.parseInt(header(answer, "Retry-After"))).isBetween(50, 100);
    assertThat(new String(answer.body(), StandardCharsets.UTF_8))
        .contains("\"exceeded\":\"file-changes\"", "\"outcome\":\"not-committed\"");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
