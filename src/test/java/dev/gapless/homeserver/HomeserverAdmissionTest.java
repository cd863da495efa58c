package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Limits of what is allowed, in the words of this API. */
class HomeserverAdmissionTest {

  @Test
  void refusesInShortPlainTextAndEndsStreamsInBand() {
    try (HomeserverNode node =
        SharedNode.nodeWith(
            """
            gapless.http.admission {
              file-changes { per-second = 0.01, burst = 3 }
              streams-per-owner = 1
            }
            """)) {
      HomeserverClient alice = node.client().with(SharedNode.ALICE_TOKEN);
      alice.write(SharedNode.ALICE, "/pub/limits/a");
      alice.write(SharedNode.ALICE, "/pub/limits/a");
      alice.delete(SharedNode.ALICE, "/pub/limits/a");
      assertTooMany(alice.put(SharedNode.ALICE, "/pub/limits/b", "never"));
      assertTooMany(alice.del(SharedNode.ALICE, "/pub/limits/a"));
      assertThat(alice.get(SharedNode.ALICE, "/pub/limits/b").statusCode()).isEqualTo(404);
      // another token has its own
      node.client().with(SharedNode.BOB_TOKEN).write(SharedNode.BOB, "/pub/limits/a");

      String query = "live=true&user=" + SharedNode.ALICE;
      try (SseReader first = alice.stream(query)) {
        first.awaitEvents(1);
        SseReader second = alice.stream(query).awaitEnd();
        List<SseReader.Frame> frames = second.frames();
        assertThat(frames).hasSize(1);
        assertThat(frames.get(0).event()).isEqualTo("gapless.close");
        assertThat(frames.get(0).data()).containsExactly("{\"reason\":\"overloaded\"}");
        assertThat(frames.get(0).raw()).startsWith("retry: ");
      }
    }
  }

  private static void assertTooMany(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/plain");
    String wait = answer.headers().firstValue("Retry-After").orElseThrow();
    assertThat(Integer.parseInt(wait)).isBetween(50, 100);
    assertThat(answer.body())
        .isEqualTo("too many file changes: at most 0.01 a second; try again in " + wait + " s");
  }
}
