package dev.gapless.torture;

import static org.awaitility.Awaitility.await;

import dev.gapless.torture.Plans.Habit;
import dev.gapless.torture.Plans.Kind;
import dev.gapless.torture.Plans.Start;
import dev.gapless.torture.Plans.SubscriberPlan;
import dev.gapless.torture.Plans.WriterPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Writers and subscribers of the suite, chosen and not drawn. */
final class Crowd implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(40);
  private static final Duration SILENCE = Duration.ofSeconds(3);
  private static final Filter ALL = new Filter(false, List.of(), List.of(), List.of());
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Writers writers;
  private final List<Subscriber> subscribers = new ArrayList<>();
  private final Faults faults;

  private Crowd(World world, List<Kind> writing, List<Habit> reading) {
    int number = NUMBER.incrementAndGet();
    writers = new Writers(world, PAUSE, "crowd-" + ProcessHandle.current().pid() + "-" + number);
    faults = new Faults(world, writers, subscribers, () -> {});
    for (int i = 0; i < reading.size(); i++) {
      SubscriberPlan plan = new SubscriberPlan(i, ALL, Start.NOW, 1, reading.get(i), i, number + i);
      subscribers.add(
          new Subscriber(
              plan, "", node -> world.port(Math.floorMod(node, world.nodes.size())), SILENCE));
    }
    subscribers.forEach(Subscriber::start);
    List<WriterPlan> plans = new ArrayList<>();
    for (int i = 0; i < writing.size(); i++) {
      plans.add(new WriterPlan(i, writing.get(i), number + i));
    }
    writers.start(plans);
  }

  /** Who stays at a node, two at each. */
  static Crowd steady(World world, FaultKind kind) {
    List<Kind> kinds =
        switch (kind) {
          // of what is committed through it, a node knows without a notification
          case NO_NOTIFY,
              // and what it stands still in the middle of would hold back the other one
              PAUSE_NODE,
              BLACK_HOLE_DATABASE,
              HOLD_DATABASE,
              SLOW_DATABASE,
              // and what waits for the disk takes everything along that does not
              ASYNC_CRASH ->
              List.of(Kind.SQL, Kind.FUNCTION, Kind.COPY);
          default -> List.of(Kind.SQL, Kind.FUNCTION, Kind.COPY, Kind.HTTP);
        };
    return new Crowd(world, kinds, List.of(Habit.STEADY, Habit.STEADY, Habit.STEADY, Habit.STEADY));
  }

  /** Who comes, leaves and goes on elsewhere, beside some who stay. */
  static Crowd restless(World world) {
    return new Crowd(
        world,
        List.of(Kind.SQL, Kind.FUNCTION, Kind.COPY, Kind.HTTP, Kind.FILES),
        List.of(
            Habit.STEADY,
            Habit.STEADY,
            Habit.MOVES,
            Habit.MOVES,
            Habit.FLEETING,
            Habit.RESTLESS,
            Habit.RESTLESS,
            Habit.RESTLESS));
  }

  Faults faults() {
    return faults;
  }

  void awaitEvents() {
    for (Subscriber subscriber : subscribers) {
      await("events").atMost(Duration.ofSeconds(60)).until(() -> subscriber.count() > 5);
    }
  }

  int connects() {
    return subscribers.stream().mapToInt(subscriber -> subscriber.report().connects()).sum();
  }

  @Override
  public void close() {
    writers.close();
    subscribers.forEach(Subscriber::close);
  }
}
