package dev.gapless.cluster;

import dev.gapless.log.LogSettings;
import dev.gapless.log.SchemaMigration;
import dev.gapless.log.SilenceLimit;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/**
 * {@code gapless.nodes}: the addresses of the nodes, each kept fresh by its node. Times are the
 * database's. Blocking; thread-safe.
 */
final class NodeTable {
  /** "gapless" and a number, as far as it fits; other than those of the log. */
  private static final long LOCK = 0x6761_706c_6573_7302L;

  private static final String HEARD =
      """
      INSERT INTO gapless.nodes (address, node, member, heard_at)
      VALUES (?, ?, ?, clock_timestamp())
      ON CONFLICT (address) DO UPDATE
        SET node = excluded.node, member = excluded.member, heard_at = excluded.heard_at
      """;

  private static final String MEMBERS =
      """
      SELECT address FROM gapless.nodes
      WHERE member AND heard_at > clock_timestamp() - ? * interval '1 millisecond'
      ORDER BY address
      """;

  /** Long gone: nobody asks for them any more. */
  private static final String FORGET =
      "DELETE FROM gapless.nodes WHERE heard_at < clock_timestamp() - interval '1 hour'";

  /** A database that is silent for so long is asked anew. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final DataSource direct;
  private final Duration stale;

  NodeTable(DataSource direct, Duration stale) {
    this.direct = direct;
    this.stale = stale;
  }

  static void migrate(DataSource direct, LogSettings settings) {
    SchemaMigration.migrate(
        direct, settings, "cluster_schema_history", "dev/gapless/cluster/migration");
  }

  /**
   * Who can be joined by a node that is in no cluster. If it is nobody, this node forms one: it is
   * recorded as a member in the same transaction, and under a lock, so that of many that ask at
   * once only one forms a cluster.
   *
   * @return the addresses of members; only its own if it forms one
   */
  List<String> join(String address, String node) throws SQLException {
    try (Connection connection = direct.getConnection()) {
      return SilenceLimit.run(connection, PATIENCE, open -> join(open, address, node));
    }
  }

  private List<String> join(Connection connection, String address, String node)
      throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_advisory_xact_lock(" + LOCK + ")");
      statement.execute(FORGET);
    }
    List<String> members = new ArrayList<>(members(connection));
    members.remove(address);
    boolean forms = members.isEmpty();
    heard(connection, address, node, forms);
    connection.commit();
    return forms ? List.of(address) : members;
  }

  /**
   * This node is there.
   *
   * @param member whether others can join it
   * @return the addresses of all members
   */
  List<String> heard(String address, String node, boolean member) throws SQLException {
    try (Connection connection = direct.getConnection()) {
      connection.setAutoCommit(true);
      return SilenceLimit.run(
          connection,
          PATIENCE,
          open -> {
            heard(open, address, node, member);
            return members(open);
          });
    }
  }

  /** This node goes. */
  void gone(String address) throws SQLException {
    try (Connection connection = direct.getConnection();
        PreparedStatement delete =
            connection.prepareStatement("DELETE FROM gapless.nodes WHERE address = ?")) {
      delete.setString(1, address);
      delete.execute();
    }
  }

  private static void heard(Connection connection, String address, String node, boolean member)
      throws SQLException {
    try (PreparedStatement heard = connection.prepareStatement(HEARD)) {
      heard.setString(1, address);
      heard.setString(2, node);
      heard.setBoolean(3, member);
      heard.execute();
    }
  }

  private List<String> members(Connection connection) throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(MEMBERS)) {
      select.setLong(1, stale.toMillis());
      List<String> members = new ArrayList<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          members.add(rows.getString(1));
        }
      }
      return members;
    }
  }
}
