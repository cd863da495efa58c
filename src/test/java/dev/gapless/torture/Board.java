package dev.gapless.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** Somebody who looks at the dashboard of a node all the time, and remembers its alerts. */
final class Board implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ServerNode node;
  private final Thread thread;
  private final Set<String> seen = new LinkedHashSet<>();
  private final Set<String> parts = new LinkedHashSet<>();
  private List<String> now = List.of("nothing was shown yet");
  private volatile Optional<SseClient> connection = Optional.empty();
  private volatile boolean closed;

  Board(ServerNode node) {
    this.node = node;
    thread = new Thread(this::run, "dashboard of " + node.name());
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    while (!closed) {
      try (SseClient client = SseClient.open(node.port(), "/dashboard/events")) {
        connection = Optional.of(client);
        Optional<SseParser.Frame> frame = client.next();
        while (frame.isPresent()) {
          if (frame.get().event().equals("nodes")) {
            show(JSON.readTree(frame.get().data()));
          }
          frame = client.next();
        }
      } catch (IOException away) {
        // the node is gone, or stands still: look again
      }
      LockSupport.parkNanos(100_000_000);
    }
  }

  private synchronized void show(JsonNode nodes) {
    List<String> alerts = new ArrayList<>();
    nodes.get(0).get("alerts").forEach(alert -> alerts.add(alert.get("text").asText()));
    nodes
        .get(0)
        .get("parts")
        .forEach(part -> parts.add(part.get("name").asText() + " " + part.get("state").asText()));
    now = alerts;
    seen.addAll(alerts);
  }

  /** What is wrong, in words, as it is shown now. */
  synchronized List<String> now() {
    return now;
  }

  /** All that was shown since the last {@link #forget}. */
  synchronized Set<String> seen() {
    return Set.copyOf(seen);
  }

  /** The states of its parts since then, such as {@code listener deaf}. */
  synchronized Set<String> parts() {
    return Set.copyOf(parts);
  }

  synchronized void forget() {
    seen.clear();
    parts.clear();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    if (connection.isPresent()) {
      connection.get().close();
    }
    LockSupport.unpark(thread);
  }
}
