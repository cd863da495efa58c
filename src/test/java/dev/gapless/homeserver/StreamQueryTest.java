package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.event.Cursor;
import dev.gapless.http.QueryParameters;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StreamQueryTest {
  private static final String A = TestUsers.random();
  private static final String B = TestUsers.random();

  @Test
  void hasDefaults() {
    assertThat(parse("user", A))
        .isEqualTo(
            new StreamQuery(
                Map.of(A, Cursor.EARLIEST), Set.of("/pub/"), OptionalInt.empty(), false, false));
  }

  @Test
  void readsUsersWithAndWithoutCursors() {
    StreamQuery query = parse("user", A + ":42", "user", B + ":7-00000");
    assertThat(query.users())
        .containsOnly(Map.entry(A, Cursor.bare(42)), Map.entry(B, new Cursor(7, 0)));
  }

  @Test
  void takesTheLastOfARepeatedUserOrParameter() {
    StreamQuery query =
        parse("user", A + ":1", "user", A + ":2", "limit", "5", "limit", "6", "live", "1");
    assertThat(query.users()).containsOnly(Map.entry(A, Cursor.bare(2)));
    assertThat(query.limit()).hasValue(6);
    assertThat(query.live()).isTrue();
  }

  @Test
  void refusesNoUserAndTooManyUsers() {
    assertRefused("user parameter is required");
    assertRefused("user parameter is required", "users", A);
    assertThat(parse(users(50)).users()).hasSize(50);
    assertRefused("Too many users. Maximum allowed: 50", users(51));
  }

  @Test
  void refusesMalformedKeysAndCursors() {
    assertRefused("Invalid public key: ", "user", "");
    assertRefused("Invalid public key: xyz", "user", "xyz:1");
    assertRefused("Invalid public key: pubky" + A, "user", "pubky" + A);
    for (String cursor :
        List.of("", "abc123xyz", "-100", "9223372036854775808", "1:2", "now", "1\n", "1\0", "+1")) {
      assertRefused("Invalid cursor: " + cursor, "user", A + ":" + cursor);
    }
    assertThat(parse("user", A + ":9223372036854775807").users())
        .containsValue(Cursor.bare(Long.MAX_VALUE));
  }

  @Test
  void echoesHugeValuesShortened() {
    assertThatThrownBy(() -> parse("user", A + ":" + "9".repeat(10_000)))
        .hasMessageStartingWith("Invalid cursor: 999")
        .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(300));
  }

  @ParameterizedTest
  @CsvSource({"1,1", "65535,65535", "007,7"})
  void readsLimits(String text, int limit) {
    assertThat(parse("user", A, "limit", text).limit()).hasValue(limit);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "65536", "-1", "1.5", "abc", "+5", "99999999999999999999999", "٣"})
  void refusesOtherLimits(String text) {
    assertRefused("Invalid limit: " + text, "user", A, "limit", text);
  }

  @Test
  void refusesALimitOfZeroByName() {
    assertRefused("limit must be at least 1", "user", A, "limit", "0");
    assertRefused("limit must be at least 1", "user", A, "limit", "000");
  }

  @ParameterizedTest
  @CsvSource({
    "true,true",
    "1,true",
    "false,false",
    "0,false",
    "TRUE,false",
    "yes,false",
    "'',false"
  })
  void readsFlags(String text, boolean flag) {
    assertThat(parse("user", A, "live", text).live()).isEqualTo(flag);
    assertThat(parse("user", A, "reverse", text).reverse()).isEqualTo(flag);
  }

  @Test
  void refusesLiveWithReverse() {
    assertRefused(
        "Cannot use live mode with reverse ordering", "user", A, "live", "1", "reverse", "true");
  }

  @Test
  void normalisesPaths() {
    assertThat(parse("user", A, "path", "pub/test.txt").paths()).containsOnly("/pub/test.txt");
    assertThat(parse("user", A, "path", "").paths()).containsOnly("/pub/");
    assertThat(parse("user", A, "path", "", "path", "/pub/a/").paths()).containsOnly("/pub/a/");
    assertThat(parse("user", A, "path", "/pub/../priv/x").paths()).containsOnly("/priv/x");
    assertThat(parse("user", A, "path", "/").paths()).containsOnly("/");
    assertThat(parse("user", A, "path", "/pub/%\\_").paths()).containsOnly("/pub/%\\_");
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "/pub/../../x", "/pub/\0", "/pub/a\r\nb"})
  void refusesBadPaths(String path) {
    assertRefused("Invalid path: " + path, "user", A, "path", path);
  }

  @Test
  void refusesTooManyPaths() {
    List<String> parameters = new ArrayList<>(List.of("user", A));
    for (int i = 0; i <= StreamQuery.MAX_PATHS; i++) {
      parameters.addAll(List.of("path", "/pub/" + i));
    }
    assertRefused("Too many paths. Maximum allowed: 50", parameters.toArray(String[]::new));
  }

  private static String[] users(int count) {
    List<String> parameters = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      parameters.addAll(List.of("user", TestUsers.random()));
    }
    return parameters.toArray(String[]::new);
  }

  private static void assertRefused(String message, String... namesAndValues) {
    assertThatThrownBy(() -> parse(namesAndValues))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(message);
  }

  private static StreamQuery parse(String... namesAndValues) {
    return StreamQuery.parse(parameters(namesAndValues));
  }

  static QueryParameters parameters(String... namesAndValues) {
    StringBuilder query = new StringBuilder("/?");
    for (int i = 0; i < namesAndValues.length; i += 2) {
      query.append(i == 0 ? "" : "&").append(namesAndValues[i]).append('=');
      query.append(URLEncoder.encode(namesAndValues[i + 1], StandardCharsets.UTF_8));
    }
    return QueryParameters.of(HttpRequest.GET(query.toString()));
  }
}
