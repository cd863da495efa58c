package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static dev.gapless.testkit.ServerNode.MARKER;
import static net.jqwik.api.Arbitraries.just;
import static net.jqwik.api.Arbitraries.of;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** What is no request, or only nearly one: bytes that no client library would send. */
final class WildGrammar {
  private static final List<String> METHODS =
      List.of(
          "GET",
          "POST",
          "PUT",
          "get",
          "G ET",
          "",
          "FOO",
          "PRI",
          "GET\t",
          "G\0T",
          "GÉT",
          "X".repeat(40));

  private static final List<String> TARGETS =
      List.of(
          "/v1/events",
          "/v1/events?owner=" + MARKER,
          "/v1/files/acme/pub/" + MARKER,
          "/health/ready",
          "http://localhost/v1/events",
          "HTTP://LOCALHOST/health/live",
          "http://evil.example/v1/events",
          "http://user:pass@localhost/v1/events",
          "http://localhost:99999/",
          "http://[::1/",
          "http://[::1]:1/health/live",
          "http:///v1/events",
          "ftp://localhost/",
          "javascript:alert(1)",
          "*",
          "localhost:80",
          "//localhost/health/live",
          "health/live",
          "?a=b",
          "#a",
          "/a#b",
          "/health/live#" + MARKER,
          "",
          " ",
          "/\0",
          "/\u00ff\u00fe",
          "/%ff%fe",
          "/%c3%28",
          "/%",
          "/%%",
          "/%zz?%zz=%zz",
          "/v1/events?\u00ff=\u0001",
          "/v1/events?" + "a=b&".repeat(3000),
          "/" + "a/".repeat(33_000),
          "/v1/files/" + "..%2f".repeat(50),
          "/\\..\\windows",
          "/v1/events?after=%u0031",
          "/<script>",
          "/{}|^`\"");

  private static final List<String> VERSIONS =
      List.of(
          "HTTP/1.1",
          "HTTP/1.1",
          "HTTP/1.0",
          "HTTP/0.9",
          "HTTP/2.0",
          "HTTP/1.2",
          "HTTP/11",
          "http/1.1",
          "",
          "x",
          "HTTP/1.1 x");

  private static final List<String> LINES =
      List.of(
          "Host: localhost",
          "Host: localhost",
          "Host: localhost:0",
          "Host: evil.example",
          "Host: " + MARKER + ".example",
          "Host:",
          "Host: a b",
          "Host: [::1",
          "Host: localhost:99999",
          "Host : localhost",
          "Content-Length: 0",
          "Content-Length: 5",
          "Content-Length: 5, 5",
          "Content-Length: -1",
          "Content-Length: +5",
          "Content-Length: 0x5",
          "Content-Length: 99999999999999999999",
          "Content-Length: 9223372036854775807",
          "Content-Length:",
          "Transfer-Encoding: chunked",
          "Transfer-Encoding: chunked, chunked",
          "Transfer-Encoding: gzip, chunked",
          "Transfer-Encoding: identity",
          "Transfer-Encoding: xchunked",
          "Transfer-Encoding:\tchunked",
          "Transfer-Encoding : chunked",
          "Transfer-Encoding: chunked\r\n , identity",
          "Content-Type: application/json",
          "Content-Type: ;",
          "Content-Encoding: gzip",
          "Expect: 100-continue",
          "Expect: nonsense",
          "Connection: keep-alive, close",
          "Connection: Upgrade, HTTP2-Settings",
          "Upgrade: h2c",
          "Upgrade: websocket",
          "HTTP2-Settings: AAMAAABkAAQAAP__",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "Range: bytes=0-",
          "Accept: text/event-stream",
          "Accept: \u00ff",
          "Last-Event-ID: " + MARKER,
          "Last-Event-ID: \u0000",
          "Last-Event-ID: 0\r\n\t0",
          "Authorization: Bearer " + MARKER,
          "Authorization: Bearer",
          "Authorization: \u0001",
          "Cookie: gapless=" + MARKER,
          "X-Forwarded-For: 1.2.3.4",
          "Forwarded: for=x",
          "X: " + "y".repeat(9000),
          "y".repeat(100) + ": x",
          "X-\u00e9: x",
          ": x",
          "no colon",
          "X: a\rb",
          "X: \u007f",
          "X\0: x",
          " leading: x");

  private static final List<String> BODIES =
      List.of(
          "",
          "",
          "hello",
          "5\r\nhello\r\n0\r\n\r\n",
          "5\nhello\n0\n\n",
          "5;x=y\r\nhello\r\n0\r\nT: x\r\n\r\n",
          "5;\"\r\nhello\r\n0\r\n\r\n",
          "ffffffffffffffff\r\nhello",
          "7fffffffffffffff\r\nhello",
          "-1\r\nhello\r\n0\r\n\r\n",
          "0x5\r\nhello\r\n0\r\n\r\n",
          " 5\r\nhello\r\n0\r\n\r\n",
          "g\r\n",
          "5\r\nhelloXX0\r\n\r\n",
          "5\r\nhel",
          "0\r\n" + "T: x\r\n".repeat(200) + "\r\n",
          "00000000000000000000\r\n\r\n",
          "1" + ";".repeat(5000) + "\r\nx\r\n0\r\n\r\n",
          "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "{\"owner\":\"" + MARKER + "\",\"path\":\"/a\",\"type\":\"t\"}");

  private WildGrammar() {}

  static Arbitrary<byte[]> bytes() {
    return frequencyOf(
        Tuple.of(8, nearly().map(Request::latin)),
        Tuple.of(1, of(foreign()).map(Request::latin)),
        Tuple.of(1, Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(200)));
  }

  private static Arbitrary<String> nearly() {
    // most of it is right, or nothing behind the first mistake would ever be reached
    Arbitrary<String> line =
        Combinators.combine(
                frequencyOf(
                    Tuple.of(4, of("GET", "POST", "PUT", "HEAD")), Tuple.of(1, of(METHODS))),
                of(TARGETS),
                frequencyOf(Tuple.of(4, just("HTTP/1.1")), Tuple.of(1, of(VERSIONS))))
            .as((method, target, version) -> method + " " + target + " " + version);
    Arbitrary<List<String>> headers =
        frequencyOf(
            Tuple.of(
                9,
                of(LINES)
                    .list()
                    .ofMaxSize(4)
                    .map(
                        lines -> {
                          List<String> all = new java.util.ArrayList<>(lines);
                          all.add(0, "Host: localhost");
                          return all;
                        })),
            Tuple.of(2, of(LINES).list().ofMaxSize(4)),
            Tuple.of(
                1,
                of(10, 64, 65, 100, 1000)
                    .map(count -> java.util.Collections.nCopies(count, "X-Many: x"))));
    Arbitrary<String> end =
        frequencyOf(Tuple.of(9, just("\r\n")), Tuple.of(1, of("\n", "\r", "\n\r")));
    return Combinators.combine(
            frequencyOf(
                Tuple.of(9, just("")), Tuple.of(1, of("\r\n", "\n", " ", "\0", "\r\n\r\n"))),
            line,
            headers,
            end,
            of(BODIES))
        .as(
            (before, request, lines, newline, body) ->
                before
                    + request
                    + newline
                    + String.join(newline, lines)
                    + (lines.isEmpty() ? "" : newline)
                    + newline
                    + body);
  }

  /** Other protocols that find their way to an HTTP port. */
  private static List<String> foreign() {
    return List.of(
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
        "\u0016\u0003\u0001\0\u00c4\u0001\0\0\u00c0\u0003\u0003" + "\0".repeat(190),
        "SSH-2.0-x\r\n",
        "\0\0\0\u0008\u0004\u00d2\u0016\u002f",
        "GET /\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "\r\n\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "EHLO x\r\n",
        "\u0004\u0001\0\u0050\u007f\0\0\u0001\0");
  }
}
