package dev.gapless.acceptance;

import static dev.gapless.testkit.ServerNode.MARKER;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.NodeFootprint;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What measures leaks sees them. */
class NodeFootprintTest {
  // at least: on a loaded machine it takes seconds
  private static final Duration ONE_LOOK = Duration.ofSeconds(10);

  @Test
  void namesWhatANodeHasNotGivenBack() throws Exception {
    try (TestDatabase database = TestDatabase.create();
        ServerNode node = ServerNode.start(database, "gapless.server.database.pool-size = 6")) {
      // warm enough for this test
      RawHttp.get(node.port(), "/v1/events?owner=" + MARKER, "Accept: application/json");
      NodeFootprint before = NodeFootprint.of(node, database.dataSource());
      System.out.println("a node at its start: " + before.describe());

      // a request without its end, from a client that says it will send no more: the node answers
      // when it has seen the whole request or lost patience
      try (Socket half = new Socket()) {
        half.connect(new InetSocketAddress("127.0.0.1", node.port()));
        half.getOutputStream()
            .write(
                RawHttp.head(
                    "GET /v1/events?owner=" + MARKER + " HTTP/1.1",
                    new byte[0],
                    "Accept: text/event-stream"));
        await().until(() -> half.getInputStream().available() > 0);
        half.shutdownOutput();
        assertThatThrownBy(() -> before.awaitSettled(node, database.dataSource(), ONE_LOOK))
            .isInstanceOf(AssertionError.class)
            .hasMessageContaining("CLOSE_WAIT");
      }
      try (var connection = database.dataSource().getConnection();
          var statement = connection.createStatement()) {
        statement.execute("SET application_name = 'gapless/" + node.name() + "'");
        assertThatThrownBy(() -> before.awaitSettled(node, database.dataSource(), ONE_LOOK))
            .isInstanceOf(AssertionError.class)
            .hasMessageContaining("connections to the database: 9, configured 8");
      }
    }
  }
}
