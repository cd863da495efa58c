package dev.gapless.log;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Remembers what was answered to a publish with an {@code Idempotency-Key}, in the transaction that
 * publishes: the answer exists if and only if the events do.
 *
 * <p>In one transaction: {@link #claim}; if it is {@link Claim.Won}, append and {@link #complete}
 * with the answer; commit. Of several with one key one wins, the others wait in {@link #claim} for
 * its end and then see its answer, or win in its place if it rolled back. Every method works on the
 * caller's connection and blocks. Stateless and thread-safe.
 */
public final class IdempotencyStore {
  /** How long an answer is kept. */
  public static final Duration KEPT = Duration.ofHours(24);

  private static final String INSERT =
      """
      INSERT INTO gapless.idempotency (scope, key, body_hash) VALUES (?, ?, ?)
      ON CONFLICT (scope, key) DO NOTHING
      """;

  private static final String SELECT =
      "SELECT body_hash, response FROM gapless.idempotency WHERE scope = ? AND key = ?";

  private static final String COMPLETE =
      "UPDATE gapless.idempotency SET response = ? WHERE scope = ? AND key = ?";

  private static final String REMOVE =
      """
      DELETE FROM gapless.idempotency
      WHERE created_at < clock_timestamp() - make_interval(secs => ?)
      """;

  private IdempotencyStore() {}

  public static IdempotencyStore create() {
    return new IdempotencyStore();
  }

  /** The answer of {@link #claim}. */
  public sealed interface Claim {
    /** The key is this transaction's: do the work and {@link #complete} it. */
    record Won() implements Claim {}

    /** The same was done before; this is what was answered. */
    record Repeat(String response) implements Claim {}

    /** The key was used before with another body. */
    record OtherBody() implements Claim {}
  }

  /**
   * Takes the key, or says what became of it. Waits while another transaction works on the same key
   * (bounded by that transaction, or by {@code lock_timeout}).
   *
   * @param connection in a transaction, READ COMMITTED
   * @param scope SHA-256 of what identifies the caller, in lower-case hex
   * @param key 1 to 128 characters
   * @param bodyHash SHA-256 of the body, in lower-case hex
   * @throws IllegalStateException if the connection is in autocommit
   */
  public Claim claim(Connection connection, String scope, String key, String bodyHash)
      throws SQLException {
    if (connection.getAutoCommit()) {
      throw new IllegalStateException(
          "an idempotency key belongs to the transaction of its events");
    }
    while (true) {
      if (insert(connection, scope, key, bodyHash)) {
        return new Claim.Won();
      }
      try (PreparedStatement statement = connection.prepareStatement(SELECT)) {
        statement.setString(1, scope);
        statement.setString(2, key);
        try (ResultSet row = statement.executeQuery()) {
          // gone if it was cleaned up just now: then the key is free again
          if (row.next()) {
            String response = row.getString(2);
            return !row.getString(1).equals(bodyHash) || response == null
                ? new Claim.OtherBody()
                : new Claim.Repeat(response);
          }
        }
      }
    }
  }

  /** Records the answer under a key that this transaction has won. */
  public void complete(Connection connection, String scope, String key, String response)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(COMPLETE)) {
      statement.setString(1, response);
      statement.setString(2, scope);
      statement.setString(3, key);
      if (statement.executeUpdate() != 1) {
        throw new IllegalStateException("this idempotency key was not claimed");
      }
    }
  }

  /** Forgets what is older than {@code age}; returns how many keys that were. */
  public int removeOlderThan(Connection connection, Duration age) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(REMOVE)) {
      statement.setDouble(1, age.toMillis() / 1_000.0);
      return statement.executeUpdate();
    }
  }

  private static boolean insert(Connection connection, String scope, String key, String bodyHash)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
      statement.setString(1, scope);
      statement.setString(2, key);
      statement.setString(3, bodyHash);
      return statement.executeUpdate() == 1;
    }
  }
}
