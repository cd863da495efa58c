package dev.gapless.testkit;

import static dev.gapless.testkit.ServerNode.MARKER;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients that publish one event after the other over HTTP, each with an {@code Idempotency-Key},
 * and repeat what failed until it succeeds. Thread-safe.
 */
public final class Publishers implements AutoCloseable {
  private final ServerNode node;
  private final ExecutorService threads;
  private final List<Future<?>> running = new ArrayList<>();
  private final AtomicInteger number = new AtomicInteger();
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
  private final Map<String, Integer> answers = new ConcurrentHashMap<>();
  private volatile boolean stopped;

  public Publishers(ServerNode node, int clients) {
    this.node = node;
    this.threads = Executors.newFixedThreadPool(clients);
    for (int i = 0; i < clients; i++) {
      running.add(threads.submit(this::run));
    }
  }

  private void run() {
    while (!stopped) {
      String key = "key-" + number.incrementAndGet();
      while (!publish(key)) {
        LockSupport.parkNanos(100_000_000);
      }
    }
  }

  private boolean publish(String key) {
    HttpResponse<String> response;
    try {
      response =
          node.publish(
              """
              {"owner":"%s","path":"/%s","type":"made","data":{"key":"%s"}}"""
                  .formatted(Load.owner(0), MARKER, key),
              "Idempotency-Key",
              key);
    } catch (UncheckedIOException e) {
      answers.merge("no answer", 1, Integer::sum);
      return false;
    }
    JsonNode body = ServerNode.json(response);
    if (response.statusCode() == 201) {
      answers.merge("201", 1, Integer::sum);
      acknowledged.put(key, body.get("events").get(0).get("id").asLong());
      return true;
    }
    answers.merge(response.statusCode() + " " + body.path("outcome").asText("?"), 1, Integer::sum);
    return false;
  }

  public int count() {
    return acknowledged.size();
  }

  /** The position that each key was answered with. */
  public Map<String, Long> acknowledged() {
    return Map.copyOf(acknowledged);
  }

  /** How often each answer came: {@code 201}, or the status with the outcome it names. */
  public Map<String, Integer> answers() {
    return Map.copyOf(answers);
  }

  @Override
  public void close() throws Exception {
    stopped = true;
    threads.shutdown();
    for (Future<?> client : running) {
      client.get(60, TimeUnit.SECONDS);
    }
  }
}
