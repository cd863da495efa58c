package dev.gapless.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.EventTypes;
import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Owners;
import dev.gapless.event.Paths;
import dev.gapless.event.Traceparent;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The CHECK constraints and the rules of dev.gapless.event say the same about every text. */
class ConstraintRulesTest {
  private static final int TEXTS = 20_000;
  private static final List<String> PIECES =
      List.of(
          "a",
          "Z",
          "0",
          "9",
          ".",
          "..",
          "/",
          "//",
          "/.",
          "/..",
          "/../",
          "_",
          "~",
          "-",
          " ",
          "\n",
          "\r",
          "\t",
          "\u0001",
          "\u001f",
          "\u007f",
          "\u0080",
          "\u0085",
          "\u009f",
          "\u00a0",
          "é",
          "ß",
          "İ",
          "\u2028",
          "\uffff",
          "日",
          "😀",
          "%",
          "\\",
          "'",
          "$",
          "^",
          "[",
          "error",
          "open",
          "gapless.",
          "gapless",
          "a".repeat(63),
          "b".repeat(127),
          "c".repeat(254),
          "é".repeat(127),
          "/" + "d".repeat(255),
          "/a/b/c");

  private static TestDatabase database;
  private static Connection connection;

  @BeforeAll
  static void open() throws SQLException {
    database = TestLogs.create();
    connection = database.dataSource().getConnection();
  }

  @AfterAll
  static void close() throws SQLException {
    connection.close();
    database.close();
  }

  @Test
  void owners() throws SQLException {
    compare("owner", Owners::isValid);
  }

  @Test
  void types() throws SQLException {
    compare("type", EventTypes::isValid);
  }

  @Test
  void paths() throws SQLException {
    compare("path", ConstraintRulesTest::isNormalPath);
  }

  @Test
  void traceContexts() throws SQLException {
    compare("traceparent", Traceparent::isValid);
    String ofSession =
        Sql.text(
            connection,
            "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid ="
                + " adrelid AND attnum = adnum WHERE attname = 'traceparent' AND adrelid ="
                + " 'gapless.events'::regclass");
    compare(
        "traceparent",
        "set_config('gapless.traceparent', traceparent, false) IS NOT NULL AND ("
            + ofSession
            + ") IS NOT NULL",
        Traceparent::isValid);
  }

  /** What a draft carries after normalisation. */
  private static boolean isNormalPath(String path) {
    try {
      return Paths.normalize("path", path).equals(path);
    } catch (InvalidValueException e) {
      return false;
    }
  }

  private static void compare(String column, Predicate<String> rule) throws SQLException {
    String check =
        Sql.text(
            connection,
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'events_"
                + column
                + "_valid' AND conrelid = 'gapless.events'::regclass");
    compare(column, check, rule);
  }

  private static void compare(String column, String check, Predicate<String> rule)
      throws SQLException {
    List<String> texts = texts(column);
    int valid = 0;
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT "
                + column
                + ", "
                + check
                + " FROM (SELECT text COLLATE \"C\" AS "
                + column
                + " FROM unnest(?::text[]) AS text) AS texts")) {
      statement.setArray(1, connection.createArrayOf("text", texts.toArray()));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          boolean expected = rule.test(row.getString(1));
          assertThat(row.getBoolean(2)).as("<%s>", row.getString(1)).isEqualTo(expected);
          valid += expected ? 1 : 0;
        }
      }
    }
    assertThat(valid).as("valid ones among them").isBetween(TEXTS / 100, TEXTS * 99 / 100);
  }

  private static List<String> texts(String column) {
    if (column.equals("traceparent")) {
      return traceContexts(new Random(3));
    }
    String prefix = column.equals("path") ? "/" : "";
    Random random = new Random(3);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < TEXTS; i++) {
      StringBuilder text = new StringBuilder(random.nextInt(5) == 0 ? "" : prefix);
      for (int pieces = random.nextInt(random.nextInt(10) == 0 ? 30 : 5); pieces > 0; pieces--) {
        text.append(PIECES.get(random.nextInt(PIECES.size())));
      }
      texts.add(text.toString());
    }
    return texts;
  }

  /** Good ones, most of them spoilt in a place or two. */
  private static List<String> traceContexts(Random random) {
    List<String> texts = new ArrayList<>();
    while (texts.size() < TEXTS) {
      StringBuilder text =
          new StringBuilder("00-")
              .append(random.nextInt(10) == 0 ? "0".repeat(32) : hex(random, 32))
              .append('-')
              .append(random.nextInt(10) == 0 ? "0".repeat(16) : hex(random, 16))
              .append('-')
              .append(hex(random, 2));
      for (int spoilt = random.nextInt(3); spoilt > 0; spoilt--) {
        int at = random.nextInt(text.length() + 1);
        String piece = random.nextInt(3) == 0 ? PIECES.get(random.nextInt(PIECES.size())) : "0";
        text.replace(at, Math.min(text.length(), at + random.nextInt(3)), piece);
      }
      texts.add(text.toString());
    }
    return texts;
  }

  private static String hex(Random random, int digits) {
    return random.ints(digits, 0, 16).mapToObj(Integer::toHexString).collect(Collectors.joining());
  }
}
