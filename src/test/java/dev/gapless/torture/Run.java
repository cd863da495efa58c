package dev.gapless.torture;

import dev.gapless.torture.Plans.Start;
import dev.gapless.torture.Plans.SubscriberPlan;
import dev.gapless.torture.Subscriber.Report;
import dev.gapless.torture.Verdict.Finding;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** One schedule, carried out in a world. */
final class Run {
  /** After the faults are healed, everybody has everything within this time. */
  private static final Duration SETTLE = Duration.ofSeconds(90);

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final World world;
  private final Schedule schedule;
  private final String build;
  private final Duration patience;
  private final List<String> problems = new ArrayList<>();
  private final List<Subscriber> subscribers = new ArrayList<>();
  private final Writers writers;
  private final Faults faults;
  private final ClusterVerdict cluster;
  private long downed;
  private Duration together = Duration.ZERO;

  private Run(World world, Schedule schedule, String build, Duration patience) {
    this.world = world;
    this.schedule = schedule;
    this.build = build;
    this.patience = patience;
    writers =
        new Writers(
            world,
            schedule.shape().pause(),
            ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet());
    cluster = new ClusterVerdict(world, subscribers);
    faults = new Faults(world, writers, subscribers, this::whileParted);
  }

  static Result of(World world, Schedule schedule, String build) {
    return of(world, schedule, build, SETTLE);
  }

  /**
   * @param patience how long everybody has, after the faults are healed, to get everything
   */
  static Result of(World world, Schedule schedule, String build, Duration patience) {
    return new Run(world, schedule, build, patience).execute();
  }

  private Result execute() {
    long base = world.last().position();
    List<Integer> logged =
        world.nodes.stream().map(node -> node.server().output().length()).toList();
    subscribe(world.rowsAfter(0));
    if (schedule.shape().cluster()) {
      cluster.awaitBegun();
    }
    long begun = System.nanoTime();
    writers.start(schedule.writers());
    try {
      disturb(begun);
      world.heal();
      writers.close();
      world.heal();
      world.awaitReady();
      awaitTogether();
    } catch (RuntimeException | AssertionError e) {
      problems.add(e.getClass().getSimpleName() + ": " + e.getMessage());
    }
    subscribers.forEach(Subscriber::calmDown);
    long healed = System.nanoTime();
    Outcome outcome = settle();
    long settled = System.nanoTime();
    subscribers.forEach(Subscriber::close);
    problems.addAll(writers.surprises());
    checkLogs(logged);
    checkStreams();
    return new Result(
        schedule.seed(),
        schedule.shape().name(),
        build,
        schedule.nodes(),
        outcome.rows().stream().filter(row -> row.id() > base).count(),
        outcome.reports().stream().mapToLong(report -> report.positions().length).sum(),
        outcome.reports().stream().mapToLong(report -> Math.max(0, report.connects() - 1)).sum(),
        outcome.reports().stream()
            .flatMap(report -> report.controls().stream())
            .filter(control -> control.event().equals("gapless.reset"))
            .count(),
        outcome.phantoms(),
        faults.injected(),
        List.copyOf(problems),
        (settled - begun) / 1_000_000,
        (settled - healed) / 1_000_000,
        downed,
        together.toMillis());
  }

  private void whileParted() {
    if (schedule.onlyPartsTheCluster()) {
      tell(cluster.live());
    }
  }

  private synchronized void tell(List<String> found) {
    problems.addAll(found);
  }

  private void awaitTogether() {
    if (schedule.shape().cluster()) {
      long ready = System.nanoTime();
      tell(cluster.together());
      together = Duration.ofNanos(System.nanoTime() - ready);
    }
  }

  private void checkStreams() {
    if (schedule.shape().cluster()) {
      tell(cluster.ends(faults.spans()));
      if (schedule.onlyPartsTheCluster()) {
        tell(cluster.stayed());
      }
    }
  }

  private void subscribe(List<Row> rows) {
    for (SubscriberPlan plan : schedule.subscribers()) {
      String cursor =
          rows.isEmpty()
              ? "0"
              : rows.get((int) Math.min(rows.size() - 1, (long) (plan.startsAt() * rows.size())))
                  .cursor();
      subscribers.add(
          new Subscriber(
              plan,
              plan.start() == Start.CURSOR ? cursor : "",
              node -> world.port(Math.floorMod(node, schedule.nodes())),
              schedule.shape().silence()));
    }
    subscribers.forEach(Subscriber::start);
  }

  private void disturb(long begun) {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      for (Step step : schedule.steps()) {
        LockSupport.parkNanos(begun + step.at().toNanos() - System.nanoTime());
        threads.submit(
            () -> {
              try {
                faults.inject(step);
              } catch (RuntimeException | AssertionError e) {
                tell(List.of("the fault " + step + " failed: " + e));
              }
            });
      }
      LockSupport.parkNanos(begun + schedule.shape().load().toNanos() - System.nanoTime());
    } finally {
      threads.shutdown();
    }
    try {
      if (!threads.awaitTermination(4, TimeUnit.MINUTES)) {
        throw new IllegalStateException("a fault does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private record Outcome(List<Row> rows, List<Report> reports, long phantoms) {}

  /** Waits until everybody has what they should have, then says who has not. */
  private Outcome settle() {
    List<Row> rows = world.rowsAfter(0);
    Verdict verdict = awaitAll(rows);
    // a request whose client has given up may still commit
    for (List<Row> now = world.rowsAfter(0); !now.equals(rows); now = world.rowsAfter(0)) {
      rows = now;
      verdict = awaitAll(rows);
    }
    List<Report> reports = subscribers.stream().map(Subscriber::report).toList();
    long phantoms = 0;
    for (Report report : reports) {
      Finding finding = verdict.check(report);
      finding
          .problems()
          .forEach(
              problem -> problems.add(report.plan() + " from " + report.start() + ": " + problem));
      phantoms += finding.phantoms().size();
    }
    problems.addAll(verdict.checkAcknowledged(writers.acknowledged()));
    return new Outcome(rows, reports, phantoms);
  }

  private Verdict awaitAll(List<Row> rows) {
    Verdict verdict = new Verdict(rows, schedule.mayLoseCommits());
    try {
      Awaitility.await("all has arrived")
          .atMost(patience)
          .pollInterval(Duration.ofMillis(50))
          .until(() -> subscribers.stream().allMatch(subscriber -> hasAll(subscriber, verdict)));
    } catch (ConditionTimeoutException e) {
      // the verdict says what is missing
    }
    return verdict;
  }

  private boolean hasAll(Subscriber subscriber, Verdict verdict) {
    if (schedule.mayLoseCommits()) {
      return verdict.check(subscriber.report()).problems().isEmpty();
    }
    Optional<Long> last = verdict.lastExpected(subscriber.plan.filter());
    return subscriber.hasBegun()
        && (last.isEmpty()
            || subscriber.lastPosition() >= last.get()
            || (subscriber.count() == 0
                && verdict.check(subscriber.report()).problems().isEmpty()));
  }

  /** Without lost commits no node may believe that the log went back in time. */
  private void checkLogs(List<Integer> logged) {
    for (int i = 0; i < world.nodes.size(); i++) {
      String output = world.nodes.get(i).server().output().substring(logged.get(i));
      output
          .lines()
          .filter(line -> !schedule.mayLoseCommits() && line.contains("log_diverged"))
          .limit(2)
          .forEach(line -> problems.add("logged: " + line));
      if (schedule.shape().cluster()) {
        tell(ClusterVerdict.errors(output, schedule.mayLoseCommits()));
        downed += ClusterVerdict.downed(output);
      }
    }
  }
}
