package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.of;

import java.io.ByteArrayOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * Something done to the bytes of a request.
 *
 * @param at where, between 0 and 1
 * @param length of what is taken or doubled
 * @param put what is written there
 */
record Change(Kind kind, double at, int length, byte[] put) {
  /** What is done. */
  enum Kind {
    REPLACE,
    INSERT,
    DELETE,
    DOUBLE,
    FLIP,
    CUT
  }

  static Arbitrary<Change> any() {
    Arbitrary<byte[]> put =
        frequencyOf(
            Tuple.of(
                3,
                of(
                        "\0",
                        "\r",
                        "\n",
                        "\r\n",
                        " ",
                        ":",
                        "%",
                        "\u00ff",
                        "\u0080",
                        ",",
                        ";",
                        "\"",
                        "{",
                        "}",
                        "\\",
                        "0",
                        "9",
                        "-",
                        "&",
                        "=",
                        "#",
                        "\r\n\r\n",
                        "\u00c3\u00a9",
                        "\u00ed\u00a0\u0080",
                        "\u00f0\u009f\u0098\u0080",
                        "1e9999999",
                        "%00",
                        "..")
                    .map(Request::latin)),
            Tuple.of(1, Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(4)));
    return Combinators.combine(
            frequencyOf(
                Tuple.of(4, of(Kind.REPLACE, Kind.INSERT, Kind.DELETE)),
                Tuple.of(2, of(Kind.FLIP, Kind.DOUBLE)),
                Tuple.of(1, of(Kind.CUT))),
            Arbitraries.doubles().between(0, 1),
            Arbitraries.integers().between(1, 8),
            put)
        .as(Change::new);
  }

  byte[] apply(byte[] bytes) {
    if (bytes.length == 0) {
      return put;
    }
    int from = (int) Math.min(bytes.length - 1, Math.floor(at * bytes.length));
    int to = Math.min(bytes.length, from + length);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, from);
    switch (kind) {
      case REPLACE -> {
        out.writeBytes(put);
        out.write(bytes, to, bytes.length - to);
      }
      case INSERT -> {
        out.writeBytes(put);
        out.write(bytes, from, bytes.length - from);
      }
      case DELETE -> out.write(bytes, to, bytes.length - to);
      case DOUBLE -> {
        out.write(bytes, from, to - from);
        out.write(bytes, from, bytes.length - from);
      }
      case FLIP -> {
        out.write(bytes[from] ^ 1 << length - 1);
        out.write(bytes, from + 1, bytes.length - from - 1);
      }
      case CUT -> {}
    }
    return out.toByteArray();
  }
}
