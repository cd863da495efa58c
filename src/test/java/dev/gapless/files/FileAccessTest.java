package dev.gapless.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may do what with files, on the native face. */
class FileAccessTest {
  private static FileFixture files;
  private static FaceServer server;
  private static FaceClient client;

  @BeforeAll
  static void start() throws Exception {
    files = new FileFixture();
    files.put(new FileKey("acme", "/pub/a"), "public");
    files.put(new FileKey("acme", "/priv/a"), "private");
    server =
        FaceServer.start(
            files,
            FaceServer::nativeFace,
            """
            gapless.auth.mode = tokens
            gapless.auth.tokens = [
              { name = reader, sha256 = "%s", scopes = [ { allow = [read], owner = acme, path = "/priv/" } ] }
              { name = writer, sha256 = "%s", scopes = [ { allow = [write], owner = acme, path = "/priv/" } ] }
              { name = other, sha256 = "%s", scopes = [ { allow = [read, write], owner = other } ] }
              { name = operator, sha256 = "%s", operate = true, scopes = [] }
            ]
            """
                .formatted(
                    sha256("reader"), sha256("writer"), sha256("other"), sha256("operator")));
    client = new FaceClient(server.port());
  }

  @AfterAll
  static void stop() {
    server.close();
    files.close();
  }

  @ParameterizedTest
  @CsvSource({
    // what is public anybody may read, and nothing else
    "GET,/v1/files/acme/pub/a,,200",
    "HEAD,/v1/files/acme/pub/a,,200",
    "GET,/v1/files/acme/pub/,,200",
    "GET,/v1/files/acme/pub,,401",
    "GET,/v1/files/acme/,,401",
    "GET,/v1/files/acme/priv/a,,401",
    "GET,/v1/files/acme/priv/none,,401",
    "GET,/v1/files/nobody/priv/none,,401",
    "GET,/v1/files/acme/pub/../priv/a,,401",
    "GET,/v1/files/acme/priv/a,unknown,401",
    "GET,/v1/files/acme/priv/a,reader,200",
    "GET,/v1/files/acme/priv/none,reader,404",
    "GET,/v1/files/acme/priv/,reader,200",
    "GET,/v1/files/acme/,reader,403",
    "GET,/v1/files/acme/priv/a,writer,403",
    "GET,/v1/files/acme/priv/none,other,403",
    "GET,/v1/files/acme/priv/a,operator,403",
    "PUT,/v1/files/acme/pub/b,,401",
    "PUT,/v1/files/acme/pub/b,writer,403",
    "PUT,/v1/files/acme/priv/b,reader,403",
    "PUT,/v1/files/acme/priv/../pub/b,writer,403",
    "PUT,/v1/files/acme/priv/b,other,403",
    "DELETE,/v1/files/acme/pub/a,,401",
    "DELETE,/v1/files/acme/priv/a,reader,403",
    "DELETE,/v1/files/acme/priv/none,writer,404",
    "DELETE,/v1/owners/acme,,401",
    "DELETE,/v1/owners/acme,writer,403",
    "DELETE,/v1/owners/none,writer,403",
    "DELETE,/v1/owners/none,operator,404"
  })
  void aRequestNeedsItsScope(String method, String target, String token, int status) {
    byte[] body = method.equals("PUT") ? new byte[200_000] : new byte[0];
    String[] headers =
        token == null ? new String[0] : new String[] {"Authorization", "Bearer " + token};
    assertThat(client.send(method, target, body, headers).statusCode()).isEqualTo(status);
  }

  @Test
  void aCookieReadsButDoesNotWrite() {
    String target = "/v1/files/acme/priv/a";
    assertThat(client.get(target, "Cookie", "gapless=reader").statusCode()).isEqualTo(200);
    assertThat(client.put(target, new byte[1], "Cookie", "gapless=writer").statusCode())
        .isEqualTo(401);
    assertThat(files.events("acme")).hasSize(2);
  }

  @Test
  void aRefusalTellsNothingAboutTheFile() {
    List<String> bodies = new ArrayList<>();
    for (String path : List.of("/priv/a", "/priv/none", "/priv/a/b")) {
      bodies.add(
          new String(
                  client.get("/v1/files/acme" + path, "Authorization", "Bearer other").body(),
                  StandardCharsets.UTF_8)
              .replaceAll("\"requestId\":\"[0-9a-f]*\"", ""));
    }
    assertThat(bodies.stream().distinct()).hasSize(1);
    assertThat(bodies.get(0)).doesNotContain("acme", "priv");
  }

  private static String sha256(String token) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
  }
}
