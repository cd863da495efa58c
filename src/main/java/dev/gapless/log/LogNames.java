package dev.gapless.log;

/** Names that SQL (the migrations) and Java share. Change them in both places or in none. */
public final class LogNames {
  /** The channel the insert trigger notifies; its payload is always empty. */
  public static final String CHANNEL = "gapless_events";

  /** The advisory lock that elects the notifying transaction ("election lock"), held to its end. */
  public static final long ELECTION_LOCK_KEY = 7305804402566524011L;

  /** Held while a partition is added. */
  static final long PARTITION_LOCK_KEY = 7305804402566524012L;

  /** Held by a session while it removes a partition, which may take as long as any transaction. */
  static final long RETENTION_LOCK_KEY = 7305804402566524013L;

  /** Held by a session while it removes the events of owners that were erased. */
  static final long ERASURE_LOCK_KEY = 7305804402566524014L;

  /** Held by a transaction that asks for an erasure, so that two for one owner meet. */
  static final long ERASURE_REQUEST_LOCK_KEY = 7305804402566524015L;

  public static final String SCHEMA = "gapless";
  public static final String EVENTS = "gapless.events";

  private LogNames() {}
}
