package dev.gapless.dashboard;

import static org.awaitility.Awaitility.await;

import dev.gapless.HousekeepingStatus;
import dev.gapless.NodeStatus;
import dev.gapless.dashboard.DashboardActor.Shown;
import dev.gapless.event.Cursor;
import dev.gapless.hub.HubStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.Test;

class DashboardActorTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Pattern OPEN_STREAMS = Pattern.compile("\"openStreams\":(\\d+)");

  @Test
  void aFailureIsNotTheLastThatIsShown() {
    AtomicReference<Shown> shown = new AtomicReference<>(Shown.NOTHING);
    AtomicInteger looks = new AtomicInteger();
    ActorTestKit kit = ActorTestKit.create();
    try {
      kit.spawn(
          DashboardActor.create(
              "n1",
              () -> {
                if (looks.incrementAndGet() == 4) {
                  throw new IllegalStateException("meant to be");
                }
                return status(looks.get());
              },
              List::of,
              () -> new NodeView.Flags(true, false, looks.get()),
              new History(),
              Peers.NONE,
              shown));
      await().atMost(PATIENCE).until(() -> looks.get() > 4);
      int failed = looks.get();
      await().atMost(PATIENCE).until(() -> openStreams(shown) > failed);
      await().atMost(PATIENCE).until(() -> shown.get().series().utf8String().contains("n1"));
    } finally {
      kit.shutdownTestKit();
    }
  }

  private static int openStreams(AtomicReference<Shown> shown) {
    Matcher found = OPEN_STREAMS.matcher(shown.get().nodes().utf8String());
    return found.find() ? Integer.parseInt(found.group(1)) : 0;
  }

  private static NodeStatus status(int live) {
    return new NodeStatus(
        new HubStatus(
            Cursor.EARLIEST,
            Cursor.EARLIEST,
            0,
            0,
            live,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            Optional.empty(),
            0),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        new HousekeepingStatus(0, 0, false, Optional.empty()),
        Optional.empty(),
        Optional.empty());
  }
}
