package dev.gapless.fuzz;

import dev.gapless.fuzz.Verdict.Fault;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A parameter of a query.
 *
 * @param raw the value as it is sent
 * @param value what that means; empty if it does not decode
 */
record Param(String name, String raw, Optional<String> value) {
  /** How a value is put into a query. */
  enum Style {
    MINIMAL("%%%02X"),
    LOWER("%%%02x"),
    EVERYTHING("%%%02X"),
    PLUS("%%%02X");

    private final String hex;

    Style(String hex) {
      this.hex = hex;
    }

    String encode(String text) {
      StringBuilder encoded = new StringBuilder();
      for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
        boolean plain = this != EVERYTHING && b > 0 && isPlain((char) b);
        if (plain) {
          encoded.append((char) b);
        } else if (this == PLUS && b == ' ') {
          encoded.append('+');
        } else {
          encoded.append(hex.formatted(b & 0xff));
        }
      }
      return encoded.toString();
    }

    private static boolean isPlain(char c) {
      return (c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || "-._~/:".indexOf(c) >= 0;
    }
  }

  /** Half an escape: the parser refuses the whole target. */
  private static final List<String> HALF = List.of("%", "%4", "%zz", "%-1", "a%0gb");

  /** What is not UTF-8, and the above. */
  static final List<String> BROKEN =
      Stream.concat(
              Stream.of("a%FF", "%C0%AF", "%ED%A0%80", "%F5%80%80%80", "%E2%82", "%E2%28%A1"),
              HALF.stream())
          .toList();

  static Param of(String name, String value, Style style) {
    return new Param(name, style.encode(value), Optional.of(value));
  }

  static Param broken(String name, String raw) {
    return new Param(name, raw, Optional.empty());
  }

  static String query(List<Param> params) {
    return params.stream()
        .map(param -> param.name() + "=" + param.raw())
        .collect(Collectors.joining("&"));
  }

  /** The values of a name that decode. */
  static List<String> values(List<Param> params, String name) {
    return params.stream()
        .filter(param -> param.name().equals(name))
        .flatMap(param -> param.value().stream())
        .toList();
  }

  /** What is wrong with those that do not decode: it names them, unless they end the parsing. */
  static Set<Fault> broken(List<Param> params) {
    return params.stream()
        .filter(param -> param.value().isEmpty())
        .map(param -> new Fault(400, HALF.contains(param.raw()) ? "" : param.name() + "*"))
        .collect(Collectors.toSet());
  }
}
