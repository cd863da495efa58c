package dev.gapless.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeTableTest {
  private static final Duration STALE = Duration.ofSeconds(1);
  private static final int NODES = 8;

  private TestDatabase database;
  private NodeTable table;

  @BeforeEach
  void create() {
    database = TestLogs.create();
    NodeTable.migrate(database.dataSource(), TestLogs.settings());
    table = new NodeTable(database.dataSource(), STALE);
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void ofManyThatAskAtOnceOneFormsTheCluster() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(NODES);
    try {
      CyclicBarrier together = new CyclicBarrier(NODES);
      List<Future<List<String>>> answers = new ArrayList<>();
      for (int i = 0; i < NODES; i++) {
        String address = "node-" + i;
        answers.add(
            threads.submit(
                () -> {
                  together.await();
                  return table.join(address, address);
                }));
      }
      List<String> first = answers.get(0).get(20, TimeUnit.SECONDS);
      assertThat(first).hasSize(1);
      for (Future<List<String>> answer : answers) {
        assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo(first);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void membersThatAreNotHeardOfCannotBeJoined() throws Exception {
    assertThat(table.join("a", "a")).containsExactly("a");
    assertThat(table.heard("b", "b", true)).containsExactly("a", "b");
    assertThat(table.join("c", "c")).containsExactly("a", "b");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> table.heard("b", "b", true).equals(List.of("b")));
    assertThat(table.join("c", "c")).containsExactly("b");
    table.gone("b");
    assertThat(table.join("c", "c")).containsExactly("c");
  }

  @Test
  void aDatabaseThatIsSilentIsNotWaitedForForEver() {
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          assertThat(table.join("a", "a")).containsExactly("a");
          try (Connection holds = database.dataSource().getConnection();
              Statement statement = holds.createStatement()) {
            // whoever holds the lock does not go on
            holds.setAutoCommit(false);
            statement.execute("LOCK TABLE gapless.nodes");
            assertThatThrownBy(() -> table.join("b", "b")).isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> table.heard("a", "a", true)).isInstanceOf(SQLException.class);
          }
        });
  }

  @Test
  void aNodeThatHasLeftItsClusterDoesNotJoinItself() throws Exception {
    table.heard("a", "a", true);
    table.heard("b", "b", true);
    assertThat(table.join("a", "a")).containsExactly("b");
    // it is no member meanwhile: others do not come to it either
    assertThat(table.join("c", "c")).containsExactly("b");
  }
}
