package dev.gapless.testkit;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.postgresql.copy.CopyManager;
import org.postgresql.core.BaseConnection;

/**
 * What a dump of the schema {@code gapless} carries: its rows as COPY writes them, of one moment,
 * and where its sequences stand. The tables themselves come from the migrations. In memory.
 */
public final class TableDump {
  private static final String TABLES =
      """
      SELECT c.oid::regclass::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'gapless'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      GROUP BY c.oid ORDER BY c.oid
      """;

  private static final String SEQUENCES =
      """
      SELECT c.oid::regclass::text, pg_sequence_last_value(c.oid::regclass)
      FROM pg_class c WHERE c.relnamespace = 'gapless'::regnamespace AND c.relkind = 'S'
      """;

  private final Map<String, byte[]> rows = new LinkedHashMap<>();
  private final Map<String, Long> sequences = new LinkedHashMap<>();

  private TableDump() {}

  public static TableDump of(DataSource source) {
    TableDump dump = new TableDump();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      List<String> tables = new ArrayList<>();
      try (ResultSet row = statement.executeQuery(TABLES)) {
        while (row.next()) {
          tables.add(row.getString(1) + "|" + row.getString(2));
        }
      }
      CopyManager copy = connection.unwrap(BaseConnection.class).getCopyAPI();
      for (String table : tables) {
        int bar = table.indexOf('|');
        String name = table.substring(0, bar);
        String columns = table.substring(bar + 1);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        copy.copyOut("COPY (SELECT " + columns + " FROM " + name + ") TO STDOUT", out);
        dump.rows.put(name + " (" + columns + ")", out.toByteArray());
      }
      // after the rows: they must not be above it
      try (ResultSet row = statement.executeQuery(SEQUENCES)) {
        while (row.next()) {
          long last = row.getLong(2);
          if (!row.wasNull()) {
            dump.sequences.put(row.getString(1), last);
          }
        }
      }
      connection.rollback();
      return dump;
    } catch (SQLException e) {
      throw new IllegalStateException("dump", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Into a database that has the same tables, whatever they hold. */
  public void restore(DataSource into) {
    try (Connection connection = into.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      // a dump is restored before its triggers are created
      statement.execute("SET LOCAL session_replication_role = replica");
      for (String table : rows.keySet()) {
        statement.execute("TRUNCATE " + table.substring(0, table.indexOf(' ')) + " CASCADE");
      }
      CopyManager copy = connection.unwrap(BaseConnection.class).getCopyAPI();
      for (Map.Entry<String, byte[]> table : rows.entrySet()) {
        copy.copyIn(
            "COPY " + table.getKey() + " FROM STDIN", new ByteArrayInputStream(table.getValue()));
      }
      for (Map.Entry<String, Long> sequence : sequences.entrySet()) {
        statement.execute(
            "SELECT setval('" + sequence.getKey() + "', " + sequence.getValue() + ")");
      }
      connection.commit();
    } catch (SQLException e) {
      throw new IllegalStateException("restore", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
