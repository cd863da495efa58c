package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gapless.log.HeadReads;
import dev.gapless.testkit.TcpProxy;
import dev.gapless.testkit.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What the tail does when its own statements fail, or its helpers fall silent. */
class LogTailFailureTest {
  private TailKit kit;

  @BeforeEach
  void create() {
    kit = new TailKit(TestDatabase.create());
  }

  @AfterEach
  void close() {
    kit.close();
  }

  @Test
  void beginsAnewAfterSomethingUnexpected() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    kit.startTail(
            failing(
                "rows",
                () -> reads.incrementAndGet() == 20 ? new IllegalStateException("a bug") : null),
            connection -> {})
        .awaitStarted();
    await().atMost(Duration.ofSeconds(20)).until(() -> kit.outputs.size() == 2);
    assertThat(kit.outputs)
        .allSatisfy(
            output ->
                assertThat(((TailOutput.Restarted) output).reason())
                    .isEqualTo(TailOutput.RestartReason.STARTED));
    kit.execute(TailKit.insert(2));
    kit.awaitPositions(List.of(1L, 2L));
    await().until(() -> kit.connectionsOpen() == 1);
  }

  @Test
  void keepsItsHeadWhenAStatementFails() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    kit.startTail(
            failing(
                "rows",
                () -> reads.incrementAndGet() % 7 == 0 ? new SQLException("gone", "08006") : null),
            connection -> {})
        .awaitStarted();
    for (int i = 0; i < 20; i++) {
      kit.execute(TailKit.insert(10));
      kit.wake();
    }
    kit.awaitPositions(kit.committed(0));
    assertThat(kit.restarts().get(0)).isEqualTo(TailOutput.RestartReason.STARTED);
    assertThat(kit.restarts().subList(1, kit.restarts().size()))
        .isNotEmpty()
        .containsOnly(TailOutput.RestartReason.RECONNECTED);
    kit.assertHeadsConsistent();
    assertThat(kit.status.get().connects()).isGreaterThan(1);
    assertThat(kit.status.get().lastFailure().orElseThrow().message()).isEqualTo("gone");
    await().until(() -> kit.connectionsOpen() <= 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"42501", "53100"})
  void followsTheLogThoughItMayNotStoreTheMark(String state) throws Exception {
    kit.startTail(
            failing("storeDecided", () -> new SQLException("not permitted, or no room", state)),
            connection -> {})
        .awaitStarted();
    kit.execute(TailKit.insert(2));
    kit.awaitPositions(List.of(1L, 2L));
    await().pollDelay(Duration.ofMillis(300)).until(() -> true);
    assertThat(kit.status.get().connects()).isEqualTo(1);
  }

  /** Times of commits are for a figure only. */
  @Test
  void aServerThatFailsToTellTheTimesOfCommitsIsFollowedAllTheSame() throws Exception {
    kit.execute(TailKit.insert(1));
    kit.startTail(saying("keepsCommitTimes", true), connection -> {}).awaitStarted();
    kit.execute(TailKit.insert(2));
    kit.awaitPositions(List.of(2L, 3L));
    assertThat(kit.status.get().connects()).isEqualTo(1);
  }

  @Test
  void usesNoConnectionThatDoesNotPassItsCheck() throws Exception {
    AtomicInteger checks = new AtomicInteger();
    kit.startTail(
        HeadReads::create,
        connection -> {
          if (checks.incrementAndGet() < 4) {
            throw new IllegalStateException("fsync is off");
          }
        });
    await()
        .pollInterval(Duration.ofMillis(5))
        .until(() -> kit.status.get() != null && kit.status.get().lastFailure().isPresent());
    assertThat(kit.status.get().lastFailure().orElseThrow().message()).isEqualTo("fsync is off");
    assertThat(kit.status.get().state()).isEqualTo(TailStatus.State.DISCONNECTED);
    kit.awaitStarted();
    await().until(() -> kit.connectionsOpen() == 1);
  }

  @Test
  void startsWhenTheDatabaseDoes() throws Exception {
    try (TcpProxy proxy = TcpProxy.to(kit.database.port())) {
      proxy.accepting(false);
      PGSimpleDataSource direct = kit.direct();
      direct.setPortNumbers(new int[] {proxy.port()});
      kit.startTail(direct, TailKit.settings(""));
      await()
          .until(
              () ->
                  kit.status.get() != null
                      && kit.status.get().state() == TailStatus.State.DISCONNECTED);
      proxy.accepting(true);
      kit.awaitStarted();
    }
  }

  @Test
  void aListenerThatFellSilentCountsAsDown() throws Exception {
    kit.startTail(
            kit.direct(),
            TailKit.settings(
                "gapless.tail { poll-interval = 1 m, poll-interval-without-listener = 50 ms,"
                    + " listener-silence = 1 s }"))
        .awaitStarted();
    kit.tail().tell(new LogTailActor.ListenerState(true));
    await().pollDelay(Duration.ofMillis(1200)).until(() -> true);
    kit.execute(TailKit.insert(1));
    kit.awaitPositions(List.of(1L));
  }

  private static Supplier<HeadReads> saying(String method, Object answer) {
    return answering(method, () -> answer);
  }

  private static Supplier<HeadReads> failing(String method, Supplier<Exception> failure) {
    return answering(
        method,
        () -> {
          Exception thrown = failure.get();
          if (thrown != null) {
            throw thrown;
          }
          return null;
        });
  }

  /** Where the answer is null, the method does its work. */
  private static Supplier<HeadReads> answering(String method, Callable<?> answer) {
    HeadReads reads = HeadReads.create();
    return () ->
        (HeadReads)
            Proxy.newProxyInstance(
                LogTailFailureTest.class.getClassLoader(),
                new Class<?>[] {HeadReads.class},
                (proxy, called, arguments) -> {
                  Object own = called.getName().equals(method) ? answer.call() : null;
                  if (own != null) {
                    return own;
                  }
                  try {
                    return called.invoke(reads, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
  }
}
