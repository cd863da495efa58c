package dev.gapless.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** 1,000 subscribers to everything, publishers flat out, beside the limit of this machine. */
final class FanOut {
  private static final int SUBSCRIBERS = 1_000;
  private static final int WRITERS = 4;

  /** Makes frames of about 200 bytes. */
  private static final int TEXT = 20;

  private static final Duration WARM = Duration.ofSeconds(8);
  private static final Duration MEASURED = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String ALL = "/v1/events?after=now";

  private FanOut() {}

  static void run(int rounds) {
    Outcome outcome = new Outcome("fan-out, " + SUBSCRIBERS + " subscribers, publishers flat out");
    for (int i = 0; i < rounds; i++) {
      double frame = ours(outcome);
      double ours = outcome.last("deliveries/s while they publish");
      outcome.add("frame bytes", frame);
      outcome.add("limit (NIO, encoded frames): deliveries/s", limit((int) frame));
      outcome.add("ratio", ours / outcome.last("limit (NIO, encoded frames): deliveries/s"));
    }
    outcome.print();
  }

  /** Returns the mean size of a frame. */
  private static double ours(Outcome outcome) {
    try (Site site = new Site(1, "");
        SseLoad load = new SseLoad(site.node(0).port())) {
      load.add(SUBSCRIBERS, ALL);
      load.await("live", PATIENCE, () -> load.live() == SUBSCRIBERS);
      long first = System.nanoTime();
      try (Writers writers = Writers.flatOut(site.pool(WRITERS), WRITERS, 1, TEXT, "acme")) {
        Pace.pause(WARM);
        long delivered = load.delivered();
        long events = writers.events();
        long cpu = site.cpuOf(0);
        long begun = System.nanoTime();
        load.startMeasuring();
        Pace.pause(MEASURED);
        long now = System.nanoTime();
        double seconds = (now - begun) / (double) TimeUnit.SECONDS.toNanos(1);
        long count = load.delivered() - delivered;
        outcome.add("deliveries/s while they publish", count / seconds);
        outcome.add("published events/s", (writers.events() - events) / seconds);
        outcome.add("node CPU per delivery ns", (double) (site.cpuOf(0) - cpu) / count);
        outcome.add("acknowledged to received", load.delays(writers::acknowledged));
      }
      long last = site.lastCommitted();
      load.await("complete", PATIENCE, () -> load.complete(ALL, last) == SUBSCRIBERS);
      double all = (System.nanoTime() - first) / (double) TimeUnit.SECONDS.toNanos(1);
      load.requireComplete(ALL, site.committed(0, "true"));
      outcome.add("deliveries/s until everybody has everything", load.delivered() / all);
      return (double) load.bytes(ALL) / load.events();
    }
  }

  private static double limit(int frameBytes) {
    try {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx768m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  NioFanOut.class.getName(),
                  Integer.toString(SUBSCRIBERS),
                  Integer.toString(frameBytes))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader output =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
        try (SseLoad load = new SseLoad(Integer.parseInt(output.readLine()))) {
          load.add(SUBSCRIBERS, "/", ALL);
          load.await("live", PATIENCE, () -> load.live() == SUBSCRIBERS);
          Pace.pause(WARM.dividedBy(2));
          long delivered = load.delivered();
          long begun = System.nanoTime();
          Pace.pause(MEASURED.dividedBy(2));
          double seconds = (System.nanoTime() - begun) / (double) TimeUnit.SECONDS.toNanos(1);
          return (load.delivered() - delivered) / seconds;
        }
      } finally {
        process.destroyForcibly().waitFor();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
