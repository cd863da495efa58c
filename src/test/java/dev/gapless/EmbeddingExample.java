package dev.gapless;

import dev.gapless.event.EventDraft;
import dev.gapless.event.EventFilter;
import dev.gapless.event.StartPoint;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.javadsl.Sink;

/** An application that embeds Gapless. docs/embedding.md shows this code. */
// #example
final class EmbeddingExample {
  private final ActorSystem<?> system;
  private final DataSource dataSource;
  private final Gapless gapless;

  EmbeddingExample(ActorSystem<?> system, DataSource dataSource) {
    this.system = system;
    this.dataSource = dataSource;
    this.gapless = Gapless.get(system);
  }

  CompletionStage<Done> start() {
    return gapless.start(dataSource);
  }

  void placeOrder(int number) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      // … the application's own rows, in the same transaction …
      gapless.append(
          connection,
          EventDraft.of(
              "acme", "/orders/" + number, "order.placed", "{\"number\":" + number + "}"));
      connection.commit();
    }
    gapless.committed();
  }

  CompletionStage<Done> watchOrders(Consumer<String> onOrder) {
    return gapless
        .events(EventFilter.ofOwner("acme"), StartPoint.NOW)
        .runWith(Sink.foreach(event -> onOrder.accept(event.path())), system);
  }
}
// #example
