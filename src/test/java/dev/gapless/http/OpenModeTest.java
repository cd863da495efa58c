package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.testkit.RawHttp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** No web page, rebinding name or proxy gets into {@code open} mode. */
class OpenModeTest {
  private static final String DRAFT = "{\"owner\":\"acme\",\"path\":\"/a\",\"type\":\"t\"}";
  private static HttpTestNode node;

  @BeforeAll
  static void start() {
    node = HttpTestNode.start("");
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Host: localhost | 200",
        "Host: LOCALHOST:8080 | 200",
        "Host: app.localhost:8080 | 200",
        "Host: 127.0.0.1:8080 | 200",
        "Host: 127.1.2.3 | 200",
        "Host: [::1]:8080 | 200",
        "Host: evil.example.org | 403",
        "Host: localhost.example.org | 403",
        "Host: 127.0.0.1.example.org | 403",
        "Host: 10.0.0.1 | 403",
        "Host: [::2] | 403",
        "Host: ybndrfg8ejkmcpqxot1uwisza345h769ybndrfg8ejkmcpqxot1u | 403",
        "X-Forwarded-For: 1.2.3.4 | 403",
        "x-forwarded-for: 127.0.0.1 | 403",
        "X-Forwarded-Host: localhost | 403",
        "Forwarded: for=1.2.3.4 | 403",
        "Forwarded: nonsense;;;=== | 403",
        "Origin: https://evil.example.org | 200",
      })
  void guardsReads(String header, int status) throws IOException {
    for (String path : List.of("/v1/events", "/v1/status")) {
      assertThat(RawHttp.get(node.port(), path, header, "Accept: application/json").status())
          .isEqualTo(status);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Origin: https://evil.example.org | 403",
        "Origin: null | 403",
        "Origin: http://localhost:1 | 403",
        "Origin: https://localhost | 403",
        "Origin: http://localhost | 201",
        "X-Other: 1 | 201",
        "X-Forwarded-For: 1.2.3.4 | 403",
      })
  void guardsWrites(String header, int status) throws IOException {
    assertThat(
            RawHttp.send(
                    node.port(),
                    "POST /v1/events HTTP/1.1",
                    DRAFT,
                    header,
                    "Content-Type: application/json")
                .status())
        .isEqualTo(status);
  }

  @Test
  void takesItsOwnPagesByTheirPort() throws IOException {
    String host = "localhost:" + node.port();
    assertThat(
            RawHttp.send(
                    node.port(),
                    "POST /v1/events HTTP/1.1",
                    DRAFT,
                    "Host: " + host,
                    "Origin: http://" + host,
                    "Content-Type: application/json")
                .status())
        .isEqualTo(201);
  }

  @Test
  void doesNotTrustAnAbsoluteTargetAgainstItsHost() throws IOException {
    assertThat(
            RawHttp.get(
                    node.port(),
                    "http://localhost/v1/events",
                    "Host: evil.example.org",
                    "Accept: application/json")
                .status())
        .isIn(400, 403);
    assertThat(
            RawHttp.get(
                    node.port(),
                    "http://evil.example.org/v1/events",
                    "Host: localhost",
                    "Accept: application/json")
                .status())
        .isIn(400, 403);
  }

  @Test
  void listensOnLoopbackOnly() {
    assertThatCode(() -> node.services.requireAllowedBind(new InetSocketAddress("127.0.0.1", 8080)))
        .doesNotThrowAnyException();
    assertThatCode(() -> node.services.requireAllowedBind(new InetSocketAddress("::1", 8080)))
        .doesNotThrowAnyException();
    for (String address : List.of("0.0.0.0", "::", "10.0.0.1", "192.168.0.1")) {
      assertThatThrownBy(
              () -> node.services.requireAllowedBind(new InetSocketAddress(address, 8080)))
          .hasMessageContaining("gapless.auth.mode");
    }
  }

  @Test
  void givesASessionNothingToCarry() throws IOException {
    var answer = RawHttp.send(node.port(), "POST /v1/session HTTP/1.1", "");
    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.header("set-cookie")).isEmpty();
  }
}
