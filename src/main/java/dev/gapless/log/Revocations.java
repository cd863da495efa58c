package dev.gapless.log;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;

/**
 * Tokens that no node accepts any more, by their SHA-256. Works on the caller's connection and
 * blocks. Stateless and thread-safe.
 */
public final class Revocations {
  private Revocations() {}

  public static Revocations create() {
    return new Revocations();
  }

  /**
   * Records a token as revoked; a second time changes nothing.
   *
   * @param tokenSha256 in lower-case hex
   */
  public void record(Connection connection, String tokenSha256) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO gapless.revocations (token_sha256) VALUES (?) ON CONFLICT DO NOTHING")) {
      statement.setString(1, tokenSha256);
      statement.executeUpdate();
    }
  }

  /** The hashes of all revoked tokens, in lower-case hex. */
  public Set<String> readAll(Connection connection) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement("SELECT token_sha256 FROM gapless.revocations");
        ResultSet row = statement.executeQuery()) {
      Set<String> hashes = new HashSet<>();
      while (row.next()) {
        hashes.add(row.getString(1));
      }
      return Set.copyOf(hashes);
    }
  }
}
