package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import com.typesafe.config.ConfigFactory;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How fast new streams may begin, and what it costs where nobody set a limit. */
class StreamPaceTest {
  private static final Grant ANYONE = new Grant(Optional.empty(), Optional.empty());

  private static AdmissionSettings settings(String admission) {
    return AdmissionSettings.create(
        ConfigFactory.parseString("gapless.http.admission { " + admission + " }")
            .withFallback(ConfigFactory.defaultReference())
            .getConfig("gapless.http"),
        1);
  }

  /** A client as a browser has one: it comes back after the time it was told. */
  private static final class Returning {
    private final int port;
    private final String cursor;
    private final Executor threads;
    private volatile long letInNanos;
    private volatile int refused;

    Returning(int port, String cursor, Executor threads) {
      this.port = port;
      this.cursor = cursor;
      this.threads = threads;
    }

    CompletableFuture<SseClient> connect(long afterMillis) {
      return CompletableFuture.supplyAsync(
              this::open,
              CompletableFuture.delayedExecutor(afterMillis, TimeUnit.MILLISECONDS, threads))
          .thenCompose(
              client ->
                  letInNanos > 0
                      ? CompletableFuture.completedFuture(client)
                      : connect(client.retry().orElseThrow()));
    }

    private SseClient open() {
      try {
        SseClient client = SseClient.open(port, "/v1/events", "Last-Event-ID: " + cursor);
        Frame first = client.next().orElseThrow();
        if (first.event().equals("gapless.open")) {
          letInNanos = System.nanoTime();
        } else {
          assertThat(first)
              .isEqualTo(new Frame(cursor, "gapless.close", "{\"reason\":\"overloaded\"}"));
          // never before the half of gapless.http.retry, however short the queue is
          assertThat(client.retry().orElseThrow()).isGreaterThanOrEqualTo(50);
          refused++;
          client.close();
        }
        return client;
      } catch (IOException failed) {
        throw new CompletionException(failed);
      }
    }
  }

  @Test
  void aStormIsLetInAtThePaceAndMissesNothing() throws Exception {
    int clients = 60;
    int perSecond = 40;
    int burst = 10;
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    try (HttpTestNode node =
        HttpTestNode.start(
            """
            gapless.http.retry = 100 ms
            gapless.drain = 100 ms
            gapless.http.admission.new-streams { per-second = %d, burst = %d }
            """
                .formatted(perSecond, burst))) {
      String cursor = node.append("acme", "/a", "before").toString();
      String missed = node.append("acme", "/a", "missed").toString();
      List<Returning> storm = new ArrayList<>();
      List<CompletableFuture<SseClient>> connecting = new ArrayList<>();
      long begun = System.nanoTime();
      for (int i = 0; i < clients; i++) {
        storm.add(new Returning(node.port(), cursor, threads));
        connecting.add(storm.get(i).connect(0));
      }
      List<SseClient> open = new ArrayList<>();
      for (CompletableFuture<SseClient> one : connecting) {
        open.add(one.get(60, TimeUnit.SECONDS));
      }
      List<Long> letIn = storm.stream().map(one -> one.letInNanos - begun).sorted().toList();
      int refused = storm.stream().mapToInt(one -> one.refused).sum();
      // what a client saw happened before it: never more than the burst and what has come since
      for (int i = 0; i < clients; i++) {
        assertThat((double) i + 1).isLessThanOrEqualTo(burst + 1 + perSecond * letIn.get(i) / 1e9);
      }
      assertThat(refused).isPositive();
      assertThat(node.services.admission().status().refused(Refusal.NEW_STREAMS))
          .isEqualTo(refused);
      String after = node.append("acme", "/a", "after").toString();
      for (SseClient client : open) {
        assertThat(client.nextEvent().id()).isEqualTo(missed);
        assertThat(client.nextEvent().id()).isEqualTo(after);
        client.close();
      }
      System.out.printf(
          Locale.ROOT,
          "%d at once, %d a second and %d at first: all in after %.1f s, %d refusals%n",
          clients,
          perSecond,
          burst,
          letIn.get(clients - 1) / 1e9,
          refused);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void theRefusedComeBackOneAfterTheOther() {
    StreamLimits limits =
        StreamLimits.of(settings("new-streams { per-second = 10, burst = 1 }")).orElseThrow();
    Duration step = Duration.ofMillis(100);
    assertThat(limits.tryEnter(ANYONE, Set.of(), () -> true)).isEmpty();
    long begun = System.nanoTime();
    int admitted = 0;
    for (int i = 1; i <= 1000; i++) {
      Optional<StreamLimits.Refused> refused = limits.tryEnter(ANYONE, Set.of(), () -> true);
      if (refused.isEmpty()) {
        admitted++;
        continue;
      }
      Duration elapsed = Duration.ofNanos(System.nanoTime() - begun);
      Duration turn = step.multipliedBy(i - admitted);
      Duration longest = Duration.ofMinutes(1);
      assertThat(refused.get().comeBack().orElseThrow())
          .isLessThanOrEqualTo(turn.compareTo(longest) < 0 ? turn.plusMillis(1) : longest)
          .isGreaterThanOrEqualTo(
              (turn.compareTo(longest) < 0 ? turn : longest).minus(elapsed).minusMillis(1));
    }
    assertThat(admitted).isLessThan(500);
  }

  @Test
  void costsNothingWhereNoLimitIsSet() {
    StreamRegistry registry =
        new StreamRegistry(Integer.MAX_VALUE, Admission.create(settings("")), RevocationView.NONE);
    Admission admission = Admission.create(settings(""));
    Set<String> owners = Set.of("acme");
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        registry.tryEnter(ANYONE, owners);
        registry.leave(ANYONE, owners);
        admission.publishRequest(ANYONE);
        admission.publishEvents(ANYONE, 1000);
        admission.fileChange(ANYONE);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    // the look at the counter itself may take some
    assertThat(least).isLessThan(1_000);
  }
}
