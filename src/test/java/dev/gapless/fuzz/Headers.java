package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.of;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** Header lines that must make no difference, or none but to the status. */
final class Headers {
  private static final List<String> HARMLESS =
      List.of(
          "User-Agent: x",
          "Cookie: gapless",
          "Cookie: gapless=; a=b; =",
          "Accept-Encoding: gzip, br;q=0.5, *;q=0",
          "Accept-Language: ;;;",
          "Referer: http://[::1",
          "Date: never",
          "Pragma: x=\"",
          "Cache-Control: max-age=99999999999999999999",
          "Via: 1.1 a",
          "TE: trailers",
          "Origin: null",
          "Sec-WebSocket-Key: x",
          "X-Request-Id: a b",
          "X-Empty:",
          "Accept-Charset: nonsense-8",
          "If-Range: \"",
          "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "traceparent: \"",
          "Authorization: Basic !!!");

  private Headers() {}

  /** Whether a header line can hold the value at all. */
  static boolean canCarry(String value) {
    return value.length() < 4_000 && value.chars().allMatch(c -> c >= 0x20 && c < 0x7f);
  }

  static Arbitrary<List<String>> harmless() {
    return frequencyOf(
        Tuple.of(4, Arbitraries.just(List.of())),
        Tuple.of(1, of(HARMLESS).list().uniqueElements().ofMinSize(1).ofMaxSize(3)),
        Tuple.of(
            1,
            Combinators.combine(of("X-Long", "Cookie", "Referer"), of(10, 4000, 8100))
                .as((name, length) -> List.of(name + ": " + "x".repeat(length)))));
  }

  /** Conditions and ranges of a request for a file. */
  static Arbitrary<List<String>> ofFiles(Arbitrary<String> tag) {
    Arbitrary<String> date =
        of(
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 2094 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Thu, 01 Jan 999999 00:00:00 GMT",
            "0",
            "");
    Arbitrary<String> tags =
        frequencyOf(
            Tuple.of(3, tag),
            Tuple.of(1, tag.map(one -> "W/" + one + ", \"b\"")),
            Tuple.of(1, of("*", "\"", "W/", "a", "\"a\"\"b\"", ",", "\"a\" \"b\"", "* , \"a\"")));
    Arbitrary<String> range =
        frequencyOf(
            Tuple.of(
                4,
                Combinators.combine(
                        Arbitraries.integers().between(0, 40),
                        Arbitraries.integers().between(0, 60))
                    .as((first, last) -> "bytes=" + first + "-" + last)),
            Tuple.of(
                3,
                of(
                    "bytes=0-",
                    "bytes=-1",
                    "bytes=-0",
                    "bytes=-",
                    "bytes=5-3",
                    "bytes=0-0,2-3",
                    "bytes=99999999999999999999-",
                    "bytes=0-99999999999999999999",
                    "bytes=999999999999999999-",
                    "bytes = 0-1",
                    "lines=1-2",
                    "bytes=--1",
                    "bytes=a-b",
                    "x")));
    Arbitrary<String> line =
        frequencyOf(
            Tuple.of(2, tags.map(value -> "If-Match: " + value)),
            Tuple.of(2, tags.map(value -> "If-None-Match: " + value)),
            Tuple.of(1, tags.map(value -> "If-Range: " + value)),
            Tuple.of(1, date.map(value -> "If-Modified-Since: " + value)),
            Tuple.of(1, date.map(value -> "If-Unmodified-Since: " + value)),
            Tuple.of(1, date.map(value -> "If-Range: " + value)),
            Tuple.of(4, range.map(value -> "Range: " + value)));
    return frequencyOf(
        Tuple.of(3, Arbitraries.just(List.of())), Tuple.of(3, line.list().ofMaxSize(3)));
  }
}
