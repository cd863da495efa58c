package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static dev.gapless.testkit.ServerNode.MARKER;
import static net.jqwik.api.Arbitraries.of;

import dev.gapless.fuzz.Param.Style;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** Values of the protocol: good ones, those at the edge of a rule, and those that break it. */
final class Values {
  /** What means something somewhere on the way to the database and back. */
  private static final List<String> HOSTILE =
      List.of(
          "",
          " ",
          "\0",
          "a\0b",
          "\r\n",
          "a\nevent: x",
          "\t",
          "\u007f",
          "\u0085",
          "\u00a0",
          "é",
          "\u0661",
          "１",
          "😀",
          "\u2028",
          "\u202e",
          "\ufeff",
          "\uffff",
          "\ufffd",
          "%",
          "%00",
          "%2e%2e",
          "%252e",
          "+",
          "&",
          "=",
          "?",
          "#",
          ";",
          ",",
          ":",
          "::",
          "*",
          "_",
          "\\",
          "'",
          "' OR 1=1 --",
          "\"",
          "`",
          "$1",
          "{}",
          "[]",
          "null",
          "<script>alert(1)</script>",
          "${jndi:ldap://x}",
          "-",
          "--",
          "-1",
          "+1",
          "0",
          "00",
          "1",
          "1.5",
          "1e3",
          "0x10",
          "NaN",
          "2147483648",
          "9223372036854775807",
          "9223372036854775808",
          "18446744073709551616",
          ".",
          "..",
          "/",
          "//",
          "/..",
          "/../..",
          "error",
          "open",
          "gapless.live",
          "now",
          "earliest",
          "true",
          "false",
          "TRUE");

  private final World world;

  Values(World world) {
    this.world = world;
  }

  Arbitrary<String> hostile() {
    Arbitrary<String> fixed = of(HOSTILE);
    Arbitrary<String> any = Arbitraries.strings().all().ofMaxLength(12).map(Values::wellFormed);
    Arbitrary<String> ascii = Arbitraries.strings().ascii().ofMaxLength(40);
    Arbitrary<String> marked = of(MARKER, MARKER + "\n", "/" + MARKER + "\0");
    Arbitrary<String> lengthy =
        Combinators.combine(
                of("a", "9", "/", "é", "a/", "../"), of(10, 64, 65, 128, 255, 256, 5000))
            .as(String::repeat);
    return frequencyOf(
        Tuple.of(8, fixed),
        Tuple.of(2, any),
        Tuple.of(2, ascii),
        Tuple.of(1, marked),
        Tuple.of(1, lengthy),
        // one in the middle of something longer
        Tuple.of(2, Combinators.combine(of("a", "1", "/a", "/pub/"), fixed).as(String::concat)));
  }

  /** Mostly good values, and what is hostile. */
  private Arbitrary<String> mostly(Arbitrary<String> good) {
    return frequencyOf(Tuple.of(20, good), Tuple.of(1, hostile()));
  }

  Arbitrary<String> owner() {
    Arbitrary<String> random =
        Arbitraries.strings()
            .withCharRange('a', 'z')
            .withCharRange('0', '9')
            .withChars("._~-")
            .ofMinLength(1)
            .ofMaxLength(10);
    return mostly(
        frequencyOf(
            Tuple.of(8, of(world.owners())),
            Tuple.of(2, random),
            Tuple.of(1, of(world.users())),
            Tuple.of(1, of(".", "..", "a".repeat(128)))));
  }

  /** Half of them start this owner somewhere. */
  Arbitrary<String> ownerWithCursor() {
    return frequencyOf(
        Tuple.of(2, owner()),
        Tuple.of(1, Combinators.combine(owner(), cursor()).as((owner, at) -> owner + ":" + at)));
  }

  Arbitrary<String> path() {
    return mostly(
        frequencyOf(
            Tuple.of(5, of(world.paths())),
            Tuple.of(3, segments(of("a", "pub", "é", "b c", "x".repeat(255), "%41", MARKER))),
            Tuple.of(2, segments(of("a", ".", "..", "", "b", "...", "\u0301", "x".repeat(256)))),
            Tuple.of(
                1, of("/" + "a/".repeat(1023), "/" + "a/".repeat(1024), "/pub/a/".repeat(9)))));
  }

  private static Arbitrary<String> segments(Arbitrary<String> segment) {
    return Combinators.combine(segment.list().ofMaxSize(5), of("", "/"))
        .as((parts, end) -> "/" + String.join("/", parts) + end);
  }

  Arbitrary<String> type() {
    return mostly(
        frequencyOf(
            Tuple.of(10, of("note", "order.created", "a", "t".repeat(64), "x_y-z.1")),
            Tuple.of(1, of("t".repeat(65), "PUT", "DEL", "ERASED"))));
  }

  Arbitrary<String> cursor() {
    Arbitrary<String> real = of(world.cursors());
    Arbitrary<String> bare = real.map(cursor -> cursor.substring(0, cursor.indexOf('-')));
    Arbitrary<String> forged =
        Combinators.combine(
                Arbitraries.longs().between(0, 5000),
                of("00000", "zzzzz", "k3f9q", "K3F9Q", "l0000"))
            .as((position, print) -> position + "-" + print);
    return mostly(
        frequencyOf(
            Tuple.of(12, real),
            Tuple.of(6, bare),
            Tuple.of(2, forged),
            Tuple.of(1, Arbitraries.longs().map(String::valueOf)),
            Tuple.of(2, of("now", "0-00000")),
            Tuple.of(3, of("earliest", "0", "9223372036854775807", "007"))));
  }

  Arbitrary<String> limit() {
    return mostly(
        frequencyOf(
            Tuple.of(8, of("1", "2", "3", "10", "100", "999", "1000")),
            Tuple.of(1, of("1001", "65535", "65536", "0", "-1"))));
  }

  Arbitrary<String> flag() {
    return mostly(frequencyOf(Tuple.of(8, of("true", "false")), Tuple.of(1, of("1", "0"))));
  }

  Arbitrary<String> user() {
    return mostly(
        frequencyOf(
            Tuple.of(20, of(world.users())),
            Tuple.of(1, of(world.users()).map(user -> "pubky" + user)),
            Tuple.of(1, of(world.users()).map(user -> user.substring(1) + "b")),
            Tuple.of(1, of(World.NOBODY))));
  }

  Arbitrary<String> userWithCursor() {
    return frequencyOf(
        Tuple.of(2, user()),
        Tuple.of(1, Combinators.combine(user(), cursor()).as((user, at) -> user + ":" + at)));
  }

  Arbitrary<Param> param(String name, Arbitrary<String> value) {
    return frequencyOf(
        Tuple.of(
            60,
            Combinators.combine(value, of(Style.class))
                .as((text, style) -> Param.of(name, text, style))),
        Tuple.of(1, of(Param.BROKEN).map(raw -> Param.broken(name, raw))));
  }

  /** Without lone surrogates: those have no UTF-8. */
  private static String wellFormed(String text) {
    return text.replaceAll("[\\ud800-\\udfff]", "?");
  }
}
