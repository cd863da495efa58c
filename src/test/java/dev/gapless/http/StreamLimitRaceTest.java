package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Streams that begin and end on many threads at once are counted one by one. */
class StreamLimitRaceTest {
  private static final int THREADS = 8;
  private static final int ROUNDS = 50_000;
  private static final int MOST = 3;

  @Test
  void neverLetsInMoreAndForgetsEverything() throws Exception {
    StreamLimits limits =
        StreamLimits.of(
                AdmissionSettings.create(
                    ConfigFactory.parseString(
                            "gapless.http.admission { streams-per-token = 3, streams-per-owner = 3"
                                + " }")
                        .withFallback(ConfigFactory.defaultReference())
                        .getConfig("gapless.http"),
                    1))
            .orElseThrow();
    Grant one = new Grant(Optional.of(TokenHash.ofToken("one")), Optional.empty());
    Set<String> owners = Set.of("acme", "other");
    AtomicInteger open = new AtomicInteger();
    AtomicInteger mostOpen = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    List<Future<Integer>> running = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      running.add(
          threads.submit(
              () -> {
                int letIn = 0;
                for (int round = 0; round < ROUNDS; round++) {
                  if (limits.tryEnter(one, owners, () -> true).isEmpty()) {
                    mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
                    letIn++;
                    open.decrementAndGet();
                    limits.leave(one, owners);
                  }
                }
                return letIn;
              }));
    }
    int letIn = 0;
    for (Future<Integer> thread : running) {
      letIn += thread.get(60, TimeUnit.SECONDS);
    }
    threads.shutdownNow();
    assertThat(mostOpen.get()).isBetween(1, MOST);
    assertThat(limits.remembered()).isZero();
    // and all places are there again
    for (int i = 0; i < MOST; i++) {
      assertThat(limits.tryEnter(one, owners, () -> true)).isEmpty();
    }
    assertThat(limits.tryEnter(one, owners, () -> true)).isPresent();
    System.out.println(letIn + " of " + THREADS * ROUNDS + " let in");
  }
}
