package dev.gapless.testkit;

import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.awaitility.core.ConditionTimeoutException;

/**
 * What a running node holds: memory, descriptors, threads, files, connections to the database. Take
 * one before the clients come and compare when they have gone:
 *
 * <pre>{@code
 * NodeFootprint before = NodeFootprint.of(node, database.dataSource());
 * …                                                // clients come, do their worst, and are closed
 * before.assertNothingLeaked(node, database.dataSource());
 * }</pre>
 *
 * The node has to be <b>warm</b> before the first one: let clients of every kind that will come do
 * their work once. Otherwise its classes, compiled code and caches count as growth. Between the two
 * the process must stay the same; a node that was restarted needs a new start.
 *
 * @param heap bytes of live objects after full collections
 * @param ring of these, what the events in the ring take by the node's own account: grows to its
 *     limit and is no leak
 * @param files its descriptors
 * @param threads how many there are of each name; Linux shows 15 characters of it
 * @param connections those to the database, by their application_name
 * @param left files below the working directory, without the data of an embedded PostgreSQL
 */
public record NodeFootprint(
    long heap,
    long ring,
    OpenFiles files,
    Map<String, Integer> threads,
    int connections,
    List<String> left) {

  /** Classes that were not needed before, counters, pooled buffers of a thread or two. */
  private static final long HEAP_FLOOR = 4L << 20;

  /** {@code /dev/random} and {@code /dev/urandom}, opened at the first random number of a kind. */
  private static final int MORE_DESCRIPTORS = 2;

  /**
   * The dispatchers have fixed sizes (8, 8, 4, a few of one) and give back threads that idle, so
   * the start may have been at a moment without them; the JVM adds compiler and collector threads.
   * A leak of threads shows when it was asked for more often than that.
   */
  private static final int MORE_THREADS = 32;

  /** The tail's and the listener's own, beside the pool. */
  private static final int DIRECT_CONNECTIONS = 2;

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final double CLOCK_TICKS = 100;

  /**
   * Of a node at rest: waits until its pool of connections is as full as it will be, and what
   * earlier clients left has gone.
   */
  public static NodeFootprint of(ServerNode node, DataSource database) {
    int expected = configuredConnections(node);
    AtomicReference<List<String>> descriptors = new AtomicReference<>(List.of());
    await("the node is at rest")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> {
              OpenFiles now = OpenFiles.of(node.process().process().pid());
              List<String> before = descriptors.getAndSet(now.own());
              return now.closeWait().isEmpty()
                  && now.own().size() == before.size()
                  && countConnections(node, database) == expected;
            });
    return measure(node, database);
  }

  /** Waits at most 90 s for everything to be given back, then fails and names what was not. */
  public void assertNothingLeaked(ServerNode node, DataSource database) {
    awaitSettled(node, database, PATIENCE);
  }

  /** The same with a limit of one's own. Returns what the node holds now. */
  public NodeFootprint awaitSettled(ServerNode node, DataSource database, Duration limit) {
    AtomicReference<NodeFootprint> last = new AtomicReference<>(this);
    AtomicReference<List<String>> leaks = new AtomicReference<>(List.of());
    try {
      await("everything is given back")
          .atMost(limit)
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(500))
          .until(
              () -> {
                last.set(measure(node, database));
                leaks.set(leaks(last.get(), configuredConnections(node)));
                return leaks.get().isEmpty();
              });
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "node " + node.name() + " has not given back:\n  " + String.join("\n  ", leaks.get()), e);
    }
    return last.get();
  }

  /** What {@code now} holds beyond this and beyond what may be; empty if nothing. */
  List<String> leaks(NodeFootprint now, int configuredConnections) {
    List<String> leaks = new ArrayList<>();
    if (!now.files.closeWait().isEmpty()) {
      leaks.add("sockets in CLOSE_WAIT: " + now.files.closeWait());
    }
    if (now.files.own().size() > files.own().size() + MORE_DESCRIPTORS) {
      leaks.add(
          "descriptors: %d, at the start %d; new ones %s"
              .formatted(
                  now.files.own().size(),
                  files.own().size(),
                  beyond(now.files.own(), files.own())));
    }
    if (now.files.deleted().size() > files.deleted().size()) {
      leaks.add("deleted files still open: " + beyond(now.files.deleted(), files.deleted()));
    }
    if (sum(now.threads) > sum(threads) + MORE_THREADS) {
      leaks.add("threads: now %s, at the start %s".formatted(now.threads, threads));
    }
    if (now.connections != configuredConnections) {
      leaks.add(
          "connections to the database: %d, configured %d"
              .formatted(now.connections, configuredConnections));
    }
    long grown = Math.max(0, now.ring - ring);
    if (now.heap > heap + heap / 5 + HEAP_FLOOR + grown) {
      leaks.add(
          "live heap: %,d bytes, at the start %,d; its ring grew by %,d"
              .formatted(now.heap, heap, grown));
    }
    if (now.left.size() > left.size()) {
      leaks.add("files: " + beyond(now.left, left));
    }
    return leaks;
  }

  /**
   * The share of one core that the node uses over a while, 0.02 for 2 %.
   *
   * @param window long enough that a hundredth of a second, the kernel's unit, says something
   */
  public static double cpu(ServerNode node, Duration window) {
    double used = cpuSeconds(node);
    long begun = System.nanoTime();
    await("a while has passed")
        .pollDelay(window)
        .atMost(window.plusSeconds(30))
        .until(() -> System.nanoTime() - begun >= window.toNanos());
    double seconds = (System.nanoTime() - begun) / 1e9;
    return (cpuSeconds(node) - used) / seconds;
  }

  /** One line for a test to print. */
  public String describe() {
    return "live heap %.1f MB (ring %.1f MB), %d descriptors and %d held by clients, %d threads, %d connections to the database"
        .formatted(
            heap / 1e6,
            ring / 1e6,
            files.own().size(),
            files.held().size(),
            sum(threads),
            connections);
  }

  private static NodeFootprint measure(ServerNode node, DataSource database) {
    Process process = node.process().process();
    // the first look starts the JVM's thread for it; the second collection takes what only
    // references and cleaners of the first one have set free
    JavaHeap.live(process);
    long heap = JavaHeap.live(process);
    return new NodeFootprint(
        heap,
        node.status().at("/hub/ringBytes").asLong(),
        OpenFiles.of(process.pid()),
        threads(process.pid()),
        countConnections(node, database),
        left(node.directory()));
  }

  private static Map<String, Integer> threads(long pid) {
    Map<String, Integer> names = new TreeMap<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path task : tasks.toList()) {
        try {
          names.merge(Files.readString(task.resolve("comm")).strip(), 1, Integer::sum);
        } catch (IOException ended) {
          // between the list and the look
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return names;
  }

  private static int countConnections(ServerNode node, DataSource database) {
    try (Connection connection = database.getConnection();
        PreparedStatement count =
            connection.prepareStatement(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = ?")) {
      count.setString(1, "gapless/" + node.name());
      try (ResultSet rows = count.executeQuery()) {
        rows.next();
        return rows.getInt(1);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** With the pool full: it keeps all its connections. */
  private static int configuredConnections(ServerNode node) {
    Path own = node.directory().resolve("conf/application.conf");
    Config config =
        ConfigFactory.parseFile(own.toFile())
            .withFallback(ConfigFactory.parseResources("gapless-server.conf"));
    return config.getInt("gapless.server.database.pool-size") + DIRECT_CONNECTIONS;
  }

  private static List<String> left(Path directory) {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(path -> !path.startsWith(directory.resolve("data")))
          .map(path -> directory.relativize(path).toString())
          // what a process has printed, one for each: ours, not the server's
          .filter(path -> !path.matches("server-\\d+\\.out"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double cpuSeconds(ServerNode node) {
    try {
      Path stat = Path.of("/proc", Long.toString(node.process().process().pid()), "stat");
      String line = Files.readString(stat);
      // after the name in brackets: state ppid … utime and stime are the 12th and 13th
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
      return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / CLOCK_TICKS;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int sum(Map<String, Integer> counts) {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  private static List<String> beyond(List<String> now, List<String> before) {
    List<String> rest = new ArrayList<>(now);
    before.forEach(rest::remove);
    return rest.size() > 20 ? rest.subList(0, 20) : rest;
  }
}
