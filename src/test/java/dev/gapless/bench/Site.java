package dev.gapless.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import javax.sql.DataSource;

/** A PostgreSQL and nodes, each a process of its own, as users run them. */
final class Site implements AutoCloseable {
  /** The heap of a node: what 18,000 streams need at most, and no more than a small machine has. */
  private static final String HEAP = "-Xmx768m";

  /** Further options of the nodes' JVMs, such as those of a profiler. */
  static final String JVM = "gapless.bench.jvm";

  private final TestDatabase database;
  private final List<ServerNode> nodes = new ArrayList<>();

  Site(int nodes, String config) {
    database = TestDatabase.ownCluster(Map.of("max_connections", "200"));
    for (int i = 0; i < nodes; i++) {
      this.nodes.add(
          ServerNode.start(database.jdbcUrl(), NodeOptions.config(config).withJvm(jvm())));
    }
  }

  private static String[] jvm() {
    return (HEAP + " " + System.getProperty(JVM, "")).trim().split(" +");
  }

  ServerNode node(int number) {
    return nodes.get(number);
  }

  void closeNode(int number) {
    nodes.remove(number).close();
  }

  DataSource source() {
    return database.dataSource();
  }

  DataSource pool(int size) {
    return database.pool(size);
  }

  /** The positions of the committed events after one. */
  LongStream committed(long after, String condition) {
    try (Connection connection = source().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT id FROM gapless.events WHERE id > %d AND %s ORDER BY id"
                    .formatted(after, condition))) {
      LongStream.Builder ids = LongStream.builder();
      while (rows.next()) {
        ids.add(rows.getLong(1));
      }
      return ids.build();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  long lastCommitted() {
    return committed(0, "id = (SELECT max(id) FROM gapless.events)").max().orElse(0);
  }

  long number(String sql) {
    try (Connection connection = source().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  void execute(String sql) {
    try (Connection connection = source().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  JsonNode hub(int node) {
    return node(node).status().path("hub");
  }

  /** CPU that a node's process has used, in nanoseconds. */
  long cpuOf(int node) {
    return node(node)
        .process()
        .process()
        .info()
        .totalCpuDuration()
        .orElseThrow(() -> new IllegalStateException("this system does not tell CPU times"))
        .toNanos();
  }

  @Override
  public void close() {
    nodes.forEach(ServerNode::close);
    database.close();
  }
}
