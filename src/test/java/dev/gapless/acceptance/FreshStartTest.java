package dev.gapless.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.ServerNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The first five minutes of somebody who has just cloned the repository, and then a bad day. */
class FreshStartTest {

  @Test
  void thePrintedLinesWorkAndFilesLogAndCursorsSurviveStopAndKill() throws Exception {
    try (ServerNode node = ServerNode.startWithOwnPostgres("")) {
      List<String> lines =
          node.output().lines().map(String::strip).filter(l -> l.startsWith("curl ")).toList();
      assertThat(lines).hasSize(3);
      Path watched = node.directory().resolve("watched");
      Process watching =
          new ProcessBuilder("bash", "-c", "exec " + lines.get(0))
              .redirectErrorStream(true)
              .redirectOutput(watched.toFile())
              .start();
      String cursor;
      try {
        await().atMost(Duration.ofSeconds(20)).until(() -> text(watched).contains("gapless.live"));
        assertThat(run(lines.get(1))).isNotNull();
        assertThat(run(lines.get(2))).isEqualTo("Hello, world");
        await().atMost(Duration.ofSeconds(20)).until(() -> text(watched).contains("event: PUT"));
      } finally {
        watching.destroy();
      }
      cursor = putCursor(watched);

      node.stop();
      node.start();
      assertContinues(node, lines.get(2), cursor, 1);
      node.kill9();
      node.start();
      assertContinues(node, lines.get(2), cursor, 2);
      System.out.println(
          "three printed lines worked; file, log and cursor survived a stop and a kill -9");
    }
  }

  private static void assertContinues(ServerNode node, String read, String cursor, int written)
      throws Exception {
    assertThat(run(read)).isEqualTo("Hello, world");
    Optional<Integer> status =
        Optional.of(node.putFile("alice/pub/after-" + written + ".txt", "more").statusCode());
    assertThat(status).contains(201);
    try (EventClient client = EventClient.watch(node, "/v1/events?owner=alice&after=" + cursor)) {
      await().atMost(Duration.ofSeconds(20)).until(() -> client.count() >= written);
      assertThat(client.count()).isEqualTo(written);
      assertThat(client.resets()).isEmpty();
    }
  }

  private static String run(String command) throws Exception {
    Process process =
        new ProcessBuilder("bash", "-c", command.replaceFirst("^curl ", "curl -sS --fail "))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }

  private static String putCursor(Path watched) throws IOException {
    List<String> lines = Files.readAllLines(watched);
    return lines.get(lines.indexOf("event: PUT") - 1).replace("id: ", "");
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file);
  }
}
