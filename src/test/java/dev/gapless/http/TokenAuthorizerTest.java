package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.gapless.http.Authorizer.Decision;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenAuthorizerTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

  private static final TokenAuthorizer AUTHORIZER =
      new TokenAuthorizer(
          settings(
                  """
                  tokens = [
                    { sha256 = "%s", scopes = [ { allow = [read], owner = acme, path = "/priv/app/" } ] }
                    { sha256 = "%s", scopes = [ { allow = [read, write], owner = "*" } ] }
                    { sha256 = "%s", scopes = [ { allow = [write], owner = acme } ] }
                    { sha256 = "%s", operate = true }
                    { sha256 = "%s", expires = "2026-05-31T23:59:59Z", scopes = [ { allow = [read] } ] }
                  ]
                  """
                      .formatted(
                          hash("narrow"),
                          hash("all"),
                          hash("writer"),
                          hash("operator"),
                          hash("old")))
              .tokens(),
          List.of("/pub/"));

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // token, owners, paths, answer
        "-, -, -, 401",
        "-, -, /pub/, 200",
        "-, acme, /pub/x/, 200",
        "-, acme, /pub, 401",
        "-, acme, /, 401",
        "-, acme, /pub/ /priv/, 401",
        "-, acme, /public/, 401",
        "unknown, acme, /priv/, 401",
        "unknown, acme, /pub/, 200",
        "narrow, acme, /priv/app/, 200",
        "narrow, acme, /priv/app/x, 200",
        "narrow, acme, /priv/app/ /pub/, 200",
        "narrow, acme, /priv/app/ /priv/, 403",
        "narrow, acme, /priv/app, 403",
        "narrow, acme, /priv/app-evil/, 403",
        "narrow, acme, -, 403",
        "narrow, other, /priv/app/, 403",
        "narrow, acme other, /priv/app/, 403",
        "narrow, -, /priv/app/, 403",
        "all, -, -, 200",
        "all, acme other, /x, 200",
        "writer, acme, /x, 403",
        "operator, acme, /x, 403",
        "old, acme, /x, 401",
        "old, acme, /pub/x, 200",
      })
  void decidesReads(String token, String owners, String paths, int answer) {
    assertThat(decide(token, new Access.Read(set(owners), set(paths)))).isEqualTo(answer);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "-, acme, /pub/x, 401",
        "narrow, acme, /priv/app/x, 403",
        "writer, acme, /pub/x, 200",
        "writer, other, /pub/x, 403",
        "all, other, /pub/x, 200",
        "operator, acme, /pub/x, 403",
        "old, acme, /x, 401",
      })
  void decidesWrites(String token, String owner, String path, int answer) {
    assertThat(decide(token, Access.Write.of(owner, path))).isEqualTo(answer);
  }

  @Test
  void decidesEveryPlaceOfAWrite() {
    Access.Write both =
        new Access.Write(
            Set.of(
                new RequestTarget.OwnerPath("acme", "/a"),
                new RequestTarget.OwnerPath("other", "/a")));
    assertThat(decide("writer", both)).isEqualTo(403);
    assertThat(decide("all", both)).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {"-, 401", "narrow, 403", "all, 403", "operator, 200", "old, 401"})
  void decidesOperating(String token, int answer) {
    assertThat(decide(token, new Access.Operate())).isEqualTo(answer);
  }

  @Test
  void namesTheWrongKey() {
    assertThatThrownBy(() -> settings("tokens = [ { sha256 = abc } ]"))
        .hasMessageContaining("gapless.auth.tokens[0].sha256");
    assertThatThrownBy(
            () ->
                settings(
                    "tokens = [ { sha256 = \""
                        + hash("x")
                        + "\", scopes = [ { allow = [fly] } ] } ]"))
        .hasMessageContaining("gapless.auth.tokens[0].scopes[0].allow");
    assertThatThrownBy(() -> settings("mode = closed")).hasMessageContaining("gapless.auth.mode");
    assertThatThrownBy(() -> settings("revocation-poll-interval = 10 s"))
        .hasMessageContaining("gapless.auth.revocation-poll-interval");
  }

  @ParameterizedTest
  @ValueSource(strings = {"public-paths = [pub]", "max-streams = 0", "cors-origins = [app]"})
  void namesTheWrongHttpKey(String line) {
    String key = line.substring(0, line.indexOf(' '));
    assertThatThrownBy(
            () ->
                HttpSettings.create(
                    ConfigFactory.parseString("gapless.http { " + line + " }")
                        .withFallback(ConfigFactory.load())))
        .hasMessageContaining("gapless.http." + key);
  }

  private static int decide(String token, Access access) {
    Decision decision =
        AUTHORIZER.decideNow(
            Optional.ofNullable(token).map(text -> new Credential(text, false)), access, NOW);
    if (decision instanceof Decision.Allowed) {
      return 200;
    }
    return decision instanceof Decision.Forbidden ? 403 : 401;
  }

  private static Set<String> set(String values) {
    return values == null ? Set.of() : new HashSet<>(Arrays.asList(values.split(" ")));
  }

  private static String hash(String token) {
    return TokenHash.ofToken(token).hex();
  }

  private static AuthSettings settings(String lines) {
    return AuthSettings.create(
        ConfigFactory.parseString("gapless.auth {\n" + lines + "\n}")
            .withFallback(ConfigFactory.load()));
  }
}
