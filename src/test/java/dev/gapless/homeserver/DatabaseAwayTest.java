package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.testkit.TestDatabase;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** {@code EventSource} gives up for good on any status but 200: a database that is away is none. */
class DatabaseAwayTest {
  private final String user = TestUsers.random();

  @Test
  void aStreamOfUnknownUsersComesBackLaterAndAFeedIsRefused() {
    try (TestDatabase database = TestDatabase.ownCluster();
        HomeserverNode node = HomeserverNode.start(database, "")) {
      HomeserverClient client = node.client().anonymous();
      client.write(user, "/pub/a");
      try (SseReader open = client.stream("live=1&user=" + user)) {
        open.awaitControl("gapless.live");
        database.stop(StopMode.FAST);

        SseReader stream = client.stream("live=1&user=" + TestUsers.random());
        stream.awaitEnd(Duration.ofSeconds(20));
        assertThat(stream.frames()).hasSize(1);
        assertThat(stream.frames().get(0).raw())
            .startsWith("retry: ")
            .contains("event: gapless.close\ndata: {\"reason\":\"error\"}");
        assertThat(client.feed("").statusCode()).isEqualTo(503);

        database.start();
        assertThat(open.hasEnded()).isFalse();
        Awaitility.await()
            .atMost(Duration.ofSeconds(20))
            .until(() -> client.put(user, "/pub/b", "x").statusCode() == 201);
        open.awaitEvents(2);
        assertThat(open.summaries()).startsWith("PUT /pub/a").endsWith("PUT /pub/b");
        assertThat(open.summaries()).doesNotHaveDuplicates();
      }
    }
  }
}
