package dev.gapless.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.typesafe.config.ConfigFactory;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Nodes in one process; as processes of their own they are tried by {@link ClusterTest}. */
class ClusterNodeTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Logger LOGGER =
      (Logger) LoggerFactory.getLogger("dev.gapless.cluster.BoardActor");

  private static final class Lines extends AppenderBase<ILoggingEvent> {
    private final List<String> lines = new CopyOnWriteArrayList<>();

    @Override
    protected void append(ILoggingEvent event) {
      lines.add(event.getFormattedMessage() + " " + event.getKeyValuePairs());
    }

    List<String> of(String name) {
      return lines.stream().filter(line -> line.startsWith(name)).toList();
    }
  }

  private final Lines log = new Lines();
  private final List<ClusterNode> nodes = new ArrayList<>();
  private TestDatabase database;

  @BeforeEach
  void create() {
    database = TestLogs.create();
    log.start();
    LOGGER.addAppender(log);
  }

  @AfterEach
  void close() {
    nodes.forEach(ClusterNode::close);
    LOGGER.detachAppender(log);
    database.close();
  }

  private ClusterNode start(String name, Runnable drain) {
    ClusterSettings settings =
        ClusterSettings.create(
            ConfigFactory.parseString("gapless.cluster { enabled = on, heartbeat = 200 ms }")
                .withFallback(ConfigFactory.defaultReference())
                .resolve());
    ClusterNode node =
        ClusterNode.start(settings, TestLogs.settings(), database.dataSource(), name, drain);
    nodes.add(node);
    node.say("\"view of " + nodes.size() + "\"", "[]");
    return node;
  }

  private static String view(ClusterNode by, String of) {
    Report report = by.reports().get(of);
    return report == null ? "" : report.view();
  }

  @Test
  void aBoardThatFailsBeginsAnew() {
    AtomicInteger drains = new AtomicInteger();
    ClusterNode failing =
        start(
            "failing",
            () -> {
              drains.incrementAndGet();
              throw new IllegalStateException("meant to be");
            });
    ClusterNode other = start("other", () -> {});
    await().atMost(PATIENCE).until(() -> view(other, "failing").contains("1"));
    await().atMost(PATIENCE).until(() -> view(failing, "other").contains("2"));
    other.drain("failing");
    await().atMost(PATIENCE).until(() -> drains.get() == 1);

    failing.say("\"after the failure\"", "[]");
    other.say("\"heard after the failure\"", "[]");
    await().atMost(PATIENCE).until(() -> view(other, "failing").contains("after the failure"));
    await().atMost(PATIENCE).until(() -> view(failing, "other").contains("heard after"));
    other.drain("failing");
    await().atMost(PATIENCE).until(() -> drains.get() == 2);
  }

  @Test
  void aNameThatIsTakenIsToldOnceByEachOfTheTwo() {
    ClusterNode one = start("same", () -> {});
    ClusterNode two = start("same", () -> {});
    ClusterNode third = start("third", () -> {});
    await().atMost(PATIENCE).until(() -> log.of("node_name_taken").size() == 2);
    assertThat(log.of("node_name_taken")).allMatch(line -> line.contains("same"));
    // each of them goes on by its own account, whatever the other one says
    one.say("\"one\"", "[]");
    two.say("\"two\"", "[]");
    await().atMost(PATIENCE).until(() -> view(one, "same").equals("\"one\""));
    await().atMost(PATIENCE).until(() -> view(two, "same").equals("\"two\""));
    await().atMost(PATIENCE).until(() -> !view(third, "same").isEmpty());
    await().atMost(PATIENCE).until(() -> view(one, "third").contains("3"));
    assertThat(log.of("node_name_taken")).hasSize(2);
  }
}
