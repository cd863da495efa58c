package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static dev.gapless.testkit.ServerNode.MARKER;
import static net.jqwik.api.Arbitraries.of;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** JSON as text: what {@code data} may hold, and what it may not. */
final class Json {
  /** The limit that the nodes under test are given. */
  static final int MAX_DATA = 8192;

  private static final List<String> ESCAPED =
      List.of(
          "a",
          "id",
          "data",
          "\\\"\\\\\\/\\b\\f\\n\\r\\t",
          "\\u0001",
          "\\u2028\\u2029",
          "\\ud83d\\ude00",
          "\\uFFFE\\uffff",
          "é😀\u2028\ufeff",
          "</script><img src=x onerror=alert(1)>",
          "\\nevent: gapless.close\\n\\n",
          MARKER,
          "\\u0041".repeat(50));

  private Json() {}

  /** A value that every JSON parser knows and PostgreSQL can keep. */
  static Arbitrary<String> value() {
    return Arbitraries.lazy(
        () ->
            frequencyOf(
                Tuple.of(4, scalar()),
                Tuple.of(1, list(value(), "[", "]")),
                Tuple.of(1, list(member(), "{", "}"))));
  }

  private static Arbitrary<String> scalar() {
    return frequencyOf(
        Tuple.of(1, of("null", "true", "false", "{}", "[]", "\"\"")),
        Tuple.of(2, string()),
        Tuple.of(
            2,
            of(
                "0",
                "-0",
                "-0.0",
                "1.50",
                "1E400",
                "-1e-400",
                "123456789012345678901234567890.123456789",
                "9007199254740993",
                "9".repeat(1000),
                "1e999",
                "0." + "0".repeat(500) + "1")),
        Tuple.of(1, Arbitraries.longs().map(String::valueOf)),
        Tuple.of(1, Arbitraries.doubles().map(String::valueOf)));
  }

  private static Arbitrary<String> member() {
    return Combinators.combine(string(), of(":", " : ", "\t:\n"), value())
        .as((name, colon, value) -> name + colon + value);
  }

  private static Arbitrary<String> list(Arbitrary<String> item, String open, String close) {
    return Combinators.combine(item.list().ofMaxSize(4), of(",", " , ", ",\r\n"))
        .as((items, comma) -> open + String.join(comma, items) + close);
  }

  static Arbitrary<String> string() {
    return frequencyOf(
        Tuple.of(
            1,
            Arbitraries.strings()
                .all()
                .ofMaxLength(10)
                .map(text -> quote(text.replace("\0", "?")))),
        Tuple.of(3, of(ESCAPED).map(escaped -> '"' + escaped + '"')));
  }

  /** What cannot be kept: 400, or 413 for what is only too large. */
  static Arbitrary<Refused> refused() {
    List<String> scalars =
        List.of(
            "\"\\u0000\"",
            "\"a\\u0000b\"",
            "{\"\\u0000\":1}",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "{\"a\\udfff\":null}",
            "\"\\ud83d\\u0041\"",
            "1e200000",
            "-1e-999999999999",
            "1e99999999999999999999",
            "9".repeat(1001),
            "-0." + "0".repeat(2000) + "1");
    Arbitrary<String> inside =
        Combinators.combine(
                of("%s", "[1,%s]", "{\"a\":%s}", "{\"a\":[{}, %s ]}", "[[[%s]],2]"), of(scalars))
            .as((around, scalar) -> around.replace("%s", scalar));
    Arbitrary<String> deep =
        Combinators.combine(of("[", "{\"a\":"), of(101, 102, 103, 104, 200, 1500))
            .as((open, depth) -> nested(open, depth));
    Arbitrary<String> large =
        of(
            quote("a".repeat(MAX_DATA)),
            quote("é".repeat(MAX_DATA / 2)),
            "[" + "1e900,".repeat(MAX_DATA / 900 + 1) + "1]",
            "{\"a\":" + quote("x".repeat(2 * MAX_DATA)) + "}");
    return frequencyOf(
        Tuple.of(4, inside.map(text -> new Refused(text, 400))),
        Tuple.of(2, deep.map(text -> new Refused(text, 400))),
        Tuple.of(1, large.map(text -> new Refused(text, 413))));
  }

  record Refused(String text, int status) {}

  /** The most that is allowed. */
  static Arbitrary<String> edge() {
    return of(
        nested("[", 100),
        nested("{\"a\":", 100),
        quote("a".repeat(MAX_DATA - 2)),
        "[" + "1e900,".repeat(MAX_DATA / 900 - 1) + "1]",
        "{\"a\":1,\"a\":{\"b\":2,\"b\":3}}");
  }

  private static String nested(String open, int depth) {
    String close = open.equals("[") ? "]" : "}";
    String innermost = open.equals("[") ? "" : "1";
    return open.repeat(depth) + innermost + close.repeat(depth);
  }

  /** As a JSON string; lone surrogates are replaced. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.replaceAll("[\\ud800-\\udfff]", "?")
        .chars()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
              } else if (c < 0x20) {
                quoted.append("\\u%04x".formatted(c));
              } else {
                quoted.append((char) c);
              }
            });
    return quoted.append('"').toString();
  }
}
