package dev.gapless.http;

import dev.gapless.log.Revocations;
import dev.gapless.log.SilenceLimit;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;

/**
 * The revocations this node has read. {@link RevocationActor} reads them again and again, whatever
 * the listener does. Thread-safe.
 */
final class RevocationWatch implements RevocationView {
  private final DataSource dataSource;
  private final Revocations revocations;
  private final long staleNanos;
  private final Duration patience;
  private final Set<String> recordedHere = ConcurrentHashMap.newKeySet();
  private volatile Set<String> revoked = Set.of();
  private volatile boolean everRead;
  private volatile long lastRead;

  RevocationWatch(DataSource dataSource, Duration staleAfter) {
    this.dataSource = dataSource;
    this.revocations = Revocations.create();
    this.staleNanos = staleAfter.toNanos();
    this.patience = staleAfter.dividedBy(3);
  }

  @Override
  public boolean isRevoked(TokenHash token) {
    String hex = token.hex();
    // in this order: a read shows a hash before it leaves the second set
    return recordedHere.contains(hex) || revoked.contains(hex);
  }

  @Override
  public boolean isStale() {
    return !everRead || System.nanoTime() - lastRead > staleNanos;
  }

  /** Blocking; one at a time. */
  void read() throws SQLException {
    // what is read is as old as the moment the read began
    long asked = System.nanoTime();
    Set<String> read;
    try (Connection connection = dataSource.getConnection()) {
      // the next try has a chance before what has been read is stale
      read = SilenceLimit.run(connection, patience, revocations::readAll);
    }
    revoked = read;
    recordedHere.removeAll(read);
    lastRead = asked;
    everRead = true;
  }

  /** Blocking: records a revocation, which holds on this node at once. */
  void record(TokenHash token) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      revocations.record(connection, token.hex());
    }
    // apart from what was read: a read that began before must not take it back
    recordedHere.add(token.hex());
  }
}
