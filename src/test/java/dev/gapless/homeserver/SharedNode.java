package dev.gapless.homeserver;

import dev.gapless.testkit.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * One node with tokens, shared by all classes of the conformance suite; each test takes users of
 * its own. Hands out a {@link HomeserverClient} of it that may do everything, and a {@link
 * LogWriter} on its database.
 */
public final class SharedNode implements ParameterResolver {
  static final String ALICE = TestUsers.random();
  static final String BOB = TestUsers.random();
  static final String ADMIN_TOKEN = "admin-token-of-the-tests";
  static final String ALICE_TOKEN = "alice-token-of-the-tests";
  static final String BOB_TOKEN = "bob-token-of-the-tests";
  static final String REVOCABLE_TOKEN = "revocable-token-of-the-tests";

  // the databases of tests are dropped with their PostgreSQL, when the JVM ends
  private static final class Started {
    static final TestDatabase DATABASE = TestDatabase.create();
    static final HomeserverNode NODE = HomeserverNode.start(DATABASE, settings());
  }

  /** Another node on the same database. */
  static HomeserverNode secondNode() {
    return nodeWith("");
  }

  /** Another node on the same database, with further settings. */
  static HomeserverNode nodeWith(String further) {
    return HomeserverNode.start(database(), settings() + further);
  }

  static TestDatabase database() {
    return Started.DATABASE;
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == HomeserverClient.class || type == LogWriter.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == LogWriter.class
        ? new LogWriter(database())
        : Started.NODE.client();
  }

  /** {@code tokens} mode: an operator who may do everything, and users with what is theirs. */
  private static String settings() {
    return """
        gapless.auth.mode = tokens
        gapless.auth.tokens = [
          { sha256 = "%s", operate = true, scopes = [ { allow = [read, write] } ] }
          { sha256 = "%s", scopes = [ { allow = [read, write], owner = "%s" } ] }
          { sha256 = "%s", scopes = [ { allow = [read, write], owner = "%s" } ] }
          { sha256 = "%s", scopes = [ { allow = [read], owner = "%s", path = "/priv/app/" } ] }
        ]
        """
        .formatted(
            sha256(ADMIN_TOKEN),
            sha256(ALICE_TOKEN),
            ALICE,
            sha256(BOB_TOKEN),
            BOB,
            sha256(REVOCABLE_TOKEN),
            ALICE);
  }

  static String sha256(String token) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
