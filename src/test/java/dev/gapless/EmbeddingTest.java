package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import dev.gapless.testkit.TestDatabase;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.Test;

class EmbeddingTest {

  private static ActorSystem<Void> system(String name) {
    return ActorSystem.create(Behaviors.empty(), name, ConfigFactory.load());
  }

  private static void stop(ActorSystem<?> system) throws Exception {
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static void start(EmbeddingExample node) throws Exception {
    node.start().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void whatOneNodeCommitsEveryNodeReceivesInOrder() throws Exception {
    ActorSystem<Void> first = system("first");
    ActorSystem<Void> second = system("second");
    try (TestDatabase database = TestDatabase.create()) {
      DataSource pool = database.pool(8);
      EmbeddingExample writer = new EmbeddingExample(first, pool);
      EmbeddingExample reader = new EmbeddingExample(second, pool);
      start(writer);
      start(reader);
      List<String> here = new CopyOnWriteArrayList<>();
      List<String> there = new CopyOnWriteArrayList<>();
      CompletionStage<Done> watching = writer.watchOrders(here::add);
      CompletionStage<Done> watchingThere = reader.watchOrders(there::add);
      await().until(() -> Gapless.get(first).status().hub().live() == 1);
      await().until(() -> Gapless.get(second).status().hub().live() == 1);
      List<String> expected = IntStream.range(0, 200).mapToObj(n -> "/orders/" + n).toList();
      for (int n = 0; n < 200; n++) {
        writer.placeOrder(n);
      }
      await().untilAsserted(() -> assertThat(there).isEqualTo(expected));
      await().untilAsserted(() -> assertThat(here).isEqualTo(expected));
      stop(first);
      stop(second);
      // drained, not cut
      watching.toCompletableFuture().get(10, TimeUnit.SECONDS);
      watchingThere.toCompletableFuture().get(10, TimeUnit.SECONDS);
      await()
          .until(
              () -> {
                try (var connection = pool.getConnection();
                    var statement = connection.createStatement();
                    var row =
                        statement.executeQuery(
                            "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                + " current_database() AND query ILIKE 'LISTEN%'")) {
                  row.next();
                  return row.getInt(1) == 0;
                }
              });
    } finally {
      first.terminate();
      second.terminate();
    }
  }

  @Test
  void refusesToBeUsedBeforeOrStartedTwice() throws Exception {
    ActorSystem<Void> system = system("twice");
    try (TestDatabase database = TestDatabase.create()) {
      Gapless gapless = Gapless.get(system);
      assertThatThrownBy(() -> gapless.events(EventFilter.ALL, StartPoint.NOW))
          .isInstanceOf(IllegalStateException.class);
      DataSource pool = database.pool(5);
      gapless.start(pool).toCompletableFuture().get(30, TimeUnit.SECONDS);
      assertThatThrownBy(() -> gapless.start(pool)).isInstanceOf(IllegalStateException.class);
      stop(system);
    } finally {
      system.terminate();
    }
  }
}
