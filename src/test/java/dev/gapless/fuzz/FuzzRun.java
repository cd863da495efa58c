package dev.gapless.fuzz;

import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.ServerNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntPredicate;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.sessions.JqwikSession;
import org.awaitility.Awaitility;

/**
 * Sends attempts, several at a time, and looks after every few hundred of them whether the nodes
 * are well. What fails is reduced to less and told with the seed and the bytes.
 */
final class FuzzRun implements AutoCloseable {
  private static final String LOGGED = "logged: ";
  private static final int AT_ONCE = 32;
  private static final int BETWEEN_LOOKS = 400;
  private static final int MOST_FINDINGS = 25;
  private static final int STEPS_OF_REDUCTION = 300;
  private static final Duration TIME_OF_REDUCTION = Duration.ofSeconds(4);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Something that went wrong, with the first attempt that showed it. */
  private record Finding(String what, long seed, AtomicInteger times) {}

  private final World world;
  private final AnswerRules rules = new AnswerRules(new DocumentedStatuses());
  private final Ledger ledger;
  private final List<LogRules> logs;
  private final List<EventClient> subscribers = new ArrayList<>();
  private final RandomGenerator<Attempt> generator;
  private final ExecutorService senders = Executors.newFixedThreadPool(AT_ONCE);
  private final Semaphore free = new Semaphore(AT_ONCE);
  private final Map<String, Finding> findings =
      java.util.Collections.synchronizedMap(new LinkedHashMap<>());
  private final Map<String, LongAdder> counts = new ConcurrentSkipListMap<>();
  private final List<Long> sinceLook = new ArrayList<>();
  private int probes;
  private int sent;

  /** Start it inside a session of jqwik. */
  FuzzRun(World world) {
    this.world = world;
    this.ledger = new Ledger(world.database());
    this.logs = world.nodes().stream().map(LogRules::new).toList();
    this.generator = new Grammar(world).attempts().generator(1000, false);
    for (ServerNode node : world.nodes()) {
      // only one that everybody may read is open to a client without a token
      subscribers.add(EventClient.watch(node, "/v1/events?owner=probe&path=/pub/"));
    }
  }

  /** Sends attempts while the condition holds for their number. */
  void send(long seed, IntPredicate more) {
    Random seeds = new Random(seed);
    for (int i = 0; more.test(i) && findings.size() < MOST_FINDINGS; i++) {
      long attemptSeed = seeds.nextLong();
      Attempt attempt = generate(attemptSeed).value();
      sinceLook.add(attemptSeed);
      free.acquireUninterruptibly();
      senders.execute(
          () -> {
            try {
              Exchange exchange = exchange(attempt);
              count(attempt, exchange);
              rules.violations(attempt, exchange).forEach(what -> found(what, attemptSeed));
            } catch (RuntimeException | Error e) {
              found("the fuzzer failed: " + e, attemptSeed);
            } finally {
              free.release();
            }
          });
      sent++;
      if (sinceLook.size() == BETWEEN_LOOKS) {
        look();
      }
    }
    look();
  }

  private Shrinkable<Attempt> generate(long seed) {
    try {
      return generator.next(new Random(seed));
    } finally {
      JqwikSession.finishTry();
    }
  }

  private Exchange exchange(Attempt attempt) {
    ServerNode node = attempt.guarded() ? world.guarded() : world.open();
    Exchange exchange = Exchange.of(node.port(), attempt);
    ledger.add(attempt, exchange);
    return exchange;
  }

  private void found(String what, long seed) {
    findings
        .computeIfAbsent(kind(what), unused -> new Finding(what, seed, new AtomicInteger()))
        .times()
        .incrementAndGet();
  }

  /** Without what differs from time to time. */
  private static String kind(String what) {
    String same = what.replaceAll("[0-9a-f]{16}|[0-9]+", "#");
    return same.substring(0, Math.min(160, same.length()));
  }

  /** When nothing is on its way: logs, ledger, and whether the nodes still serve. */
  private void look() {
    free.acquireUninterruptibly(AT_ONCE);
    try {
      probe();
      for (LogRules log : logs) {
        log.violations().forEach(line -> found(LOGGED + line, culprit(log, line)));
      }
      ledger.violations().forEach(what -> found(what, sinceLook.get(0)));
      sinceLook.clear();
    } finally {
      free.release(AT_ONCE);
    }
  }

  /** Which of those since the last look: each is sent again, by itself. */
  private long culprit(LogRules log, String line) {
    for (long seed : sinceLook) {
      exchange(generate(seed).value());
      // what logs does not wait for the file
      if (log.violations().stream().anyMatch(again -> kind(again).equals(kind(line)))) {
        return seed;
      }
    }
    return sinceLook.get(0);
  }

  private void probe() {
    probes++;
    var answer =
        world
            .open()
            .publish(
                "{\"owner\":\"probe\",\"path\":\"/pub/p\",\"type\":\"t\",\"data\":%d}"
                    .formatted(probes));
    if (answer.statusCode() != 201) {
      found("the node refuses what is good: " + answer.body(), 0);
      return;
    }
    ledger.addProbe(ServerNode.json(answer).at("/events/0/id").asLong());
    for (EventClient subscriber : subscribers) {
      Awaitility.await("a probe is delivered")
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(2))
          .until(() -> subscriber.count() >= probes);
    }
  }

  private void count(Attempt attempt, Exchange exchange) {
    String tokens = attempt.guarded() ? ", tokens" : "";
    List<Answer> answers = exchange.answers();
    if (answers.isEmpty()) {
      count(attempt.face(0) + tokens, exchange.ending().toString().toLowerCase(Locale.ROOT));
    }
    for (int i = 0; i < answers.size(); i++) {
      count(attempt.face(i) + tokens, Integer.toString(answers.get(i).status()));
    }
  }

  private void count(String face, String status) {
    counts.computeIfAbsent(face + "\t" + status, unused -> new LongAdder()).increment();
    counts.computeIfAbsent("all\t" + status, unused -> new LongAdder()).increment();
  }

  int sent() {
    return sent;
  }

  /** Answers by status, for each face. */
  String summary() {
    Map<String, StringBuilder> lines = new TreeMap<>();
    counts.forEach(
        (key, count) -> {
          String[] parts = key.split("\t");
          lines
              .computeIfAbsent(parts[0], unused -> new StringBuilder())
              .append("  ")
              .append(parts[1])
              .append(": ")
              .append(count.sum());
        });
    StringBuilder text = new StringBuilder();
    text.append(
        "%d attempts, %d probes delivered, %d events compared with the log%n"
            .formatted(sent, probes, ledger.rows()));
    lines.forEach((face, line) -> text.append("  %-44s%s%n".formatted(face, line)));
    return text.toString();
  }

  /** Fails with all that was found, each reduced as far as it goes. */
  void assertNothingFound() {
    if (findings.isEmpty()) {
      return;
    }
    StringBuilder text = new StringBuilder("findings:\n");
    List.copyOf(findings.entrySet())
        .forEach(
            entry -> {
              Finding finding = entry.getValue();
              text.append("\n=== ")
                  .append(finding.what())
                  .append(" (")
                  .append(finding.times())
                  .append(" times)\nseed ")
                  .append(finding.seed())
                  .append(", ")
                  .append(reduced(entry.getKey(), generate(finding.seed())))
                  .append('\n');
            });
    throw new AssertionError(text.toString());
  }

  private Attempt reduced(String kind, Shrinkable<Attempt> first) {
    Shrinkable<Attempt> smallest = first;
    long end = System.nanoTime() + TIME_OF_REDUCTION.toNanos();
    int steps = 0;
    boolean smaller = shows(kind, first.value());
    while (smaller) {
      smaller = false;
      var candidates = smallest.shrink().iterator();
      while (candidates.hasNext()
          && !smaller
          && steps++ < STEPS_OF_REDUCTION
          && System.nanoTime() < end) {
        Shrinkable<Attempt> candidate = candidates.next();
        if (shows(kind, candidate.value())) {
          smallest = candidate;
          smaller = true;
        }
      }
    }
    return smallest.value();
  }

  private boolean shows(String kind, Attempt attempt) {
    Exchange exchange = exchange(attempt);
    return rules.violations(attempt, exchange).stream().anyMatch(what -> kind(what).equals(kind));
  }

  @Override
  public void close() {
    subscribers.forEach(EventClient::close);
    senders.shutdownNow();
  }
}
