package dev.gapless.log;

import dev.gapless.log.LogUnusableException.Reason;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks whether a database can keep the promises of the log, at start and after every reconnect: a
 * fail-over or a restored backup may have changed it. Two cheap statements. Blocking; thread-safe.
 */
public final class LogChecks {
  static final int OLDEST_VERSION = 140_001;

  private static final String SERVER =
      """
      SELECT current_setting('server_version_num')::int,
             current_setting('server_version'),
             pg_is_in_recovery(),
             current_setting('fsync') = 'on',
             current_setting('server_encoding'),
             current_setting('transaction_isolation'),
             CASE WHEN to_regnamespace('gapless') IS NULL THEN false
                  WHEN NOT has_schema_privilege('gapless', 'USAGE') THEN false
                  ELSE to_regclass('gapless.events') IS NOT NULL END,
             current_setting('max_prepared_transactions')::int > 0
               AND coalesce(current_setting('gapless.notify', true), '') <> 'on'
      """;

  private static final String TABLE =
      """
      WITH seq AS (
        SELECT pg_get_serial_sequence('gapless.events', 'id')::regclass::oid AS oid),
      tree AS (
        SELECT c.oid, c.relpersistence FROM pg_class c
        WHERE c.oid IN (SELECT relid FROM pg_partition_tree('gapless.events'))
           OR c.oid = (SELECT oid FROM seq))
      SELECT coalesce((SELECT s.seqincrement = 1 AND s.seqcache = 1 AND NOT s.seqcycle
                       FROM pg_sequence s, seq WHERE s.seqrelid = seq.oid), false),
             NOT EXISTS (SELECT FROM tree WHERE relpersistence <> 'p'),
             EXISTS (SELECT FROM pg_subscription_rel r WHERE r.srrelid IN (SELECT oid FROM tree)),
             row_security_active('gapless.events'),
             has_table_privilege('gapless.events', 'SELECT')
               AND (SELECT has_sequence_privilege(oid, 'SELECT') FROM seq),
             EXISTS (SELECT FROM pg_trigger
                     WHERE tgrelid = 'gapless.events'::regclass AND tgname = 'gapless_notify'
                       AND tgenabled IN ('O', 'A'))
      """;

  private LogChecks() {}

  /**
   * @return what is unfortunate but not wrong, as sentences for the log file
   * @throws LogUnusableException if events could be lost here, or not be read
   */
  public static List<String> check(Connection connection, LogSettings settings)
      throws SQLException {
    Server server = Server.read(connection);
    server.require(settings.requireFsync());
    Table table = Table.read(connection);
    table.require();
    List<String> warnings = new ArrayList<>();
    if (!table.notifies()) {
      warnings.add(
          "The trigger gapless_notify on gapless.events is missing or disabled: events of other"
              + " nodes arrive by polling only, and an event may be delivered and then lost in a"
              + " crash if its writer had synchronous_commit off.");
    }
    if (server.notifyOff()) {
      warnings.add(
          "max_prepared_transactions is above 0, so writers do not notify (PREPARE TRANSACTION"
              + " would fail): events of other nodes arrive by polling only. If no writer prepares"
              + " transactions, ALTER DATABASE … SET gapless.notify = 'on'.");
    }
    return List.copyOf(warnings);
  }

  /** As the server describes itself. */
  record Server(
      int versionNumber,
      String version,
      boolean inRecovery,
      boolean fsync,
      String encoding,
      String isolation,
      boolean hasTable,
      boolean notifyOff) {

    static Server read(Connection connection) throws SQLException {
      try (PreparedStatement statement = connection.prepareStatement(SERVER);
          ResultSet row = statement.executeQuery()) {
        row.next();
        return new Server(
            row.getInt(1),
            row.getString(2),
            row.getBoolean(3),
            row.getBoolean(4),
            row.getString(5),
            row.getString(6),
            row.getBoolean(7),
            row.getBoolean(8));
      }
    }

    void require(boolean requireFsync) {
      LogChecks.require(
          versionNumber >= OLDEST_VERSION,
          Reason.TOO_OLD,
          "PostgreSQL " + version + " is too old: 14.1 or later is needed");
      LogChecks.require(
          !inRecovery,
          Reason.NOT_PRIMARY,
          "this PostgreSQL is a standby: connect to the primary (targetServerType=primary)");
      LogChecks.require(
          encoding.equals("UTF8"),
          Reason.ENCODING,
          "the database's encoding is " + encoding + ": create one with ENCODING 'UTF8'");
      LogChecks.require(
          fsync || !requireFsync,
          Reason.FSYNC_OFF,
          "fsync is off: a crash would lose events that were delivered; switch it on"
              + " (gapless.log.require-fsync = off is for tests)");
      LogChecks.require(
          isolation.equals("read committed"),
          Reason.ISOLATION,
          "the connection's isolation is "
              + isolation
              + ": set default_transaction_isolation to 'read committed' for this role");
      LogChecks.require(
          hasTable,
          Reason.NO_TABLE,
          "there is no table gapless.events here (or no right to see it): gapless.migrate = auto"
              + " creates it");
    }
  }

  /** As the catalogues describe the log. */
  record Table(
      boolean sequenceSound,
      boolean permanent,
      boolean subscribed,
      boolean rowSecurity,
      boolean readable,
      boolean notifies) {

    static Table read(Connection connection) throws SQLException {
      try (PreparedStatement statement = connection.prepareStatement(TABLE);
          ResultSet row = statement.executeQuery()) {
        row.next();
        return new Table(
            row.getBoolean(1),
            row.getBoolean(2),
            row.getBoolean(3),
            row.getBoolean(4),
            row.getBoolean(5),
            row.getBoolean(6));
      }
    }

    void require() {
      LogChecks.require(
          sequenceSound,
          Reason.SEQUENCE,
          "the sequence of gapless.events.id must have INCREMENT 1, CACHE 1 and NO CYCLE: positions"
              + " would not be handed out in order");
      LogChecks.require(
          permanent,
          Reason.NOT_PERMANENT,
          "gapless.events, one of its partitions or its sequence is unlogged: a crash would empty"
              + " it; SET LOGGED");
      LogChecks.require(
          !subscribed,
          Reason.SUBSCRIPTION,
          "a logical subscription feeds gapless.events: rows would appear below positions that are"
              + " decided; take the table out of the subscription");
      LogChecks.require(
          !rowSecurity,
          Reason.ROW_SECURITY,
          "row security on gapless.events hides rows from this role: grant it BYPASSRLS or switch"
              + " it off");
      LogChecks.require(
          readable,
          Reason.RIGHTS,
          "this role may not read gapless.events and its sequence: connect as their owner or grant"
              + " SELECT on both");
    }
  }

  private static void require(boolean holds, Reason reason, String message) {
    if (!holds) {
      throw new LogUnusableException(reason, message);
    }
  }
}
