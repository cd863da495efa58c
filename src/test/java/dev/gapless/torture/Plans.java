package dev.gapless.torture;

import java.util.SplittableRandom;

/** Who takes part in a run, as drawn from its seed. */
final class Plans {
  /** Where a subscriber begins. */
  enum Start {
    EARLIEST,
    NOW,
    /** At the cursor of an event that is there already. */
    CURSOR
  }

  /** What a subscriber does beside reading. */
  enum Habit {
    STEADY,
    /** Leaves at random moments and goes on at any node. */
    MOVES,
    /** Leaves its first connection after the first frame, then reads on. */
    FLEETING,
    /** Leaves all the time. */
    RESTLESS,
    /** Stops reading for a while. */
    SLEEPS,
    /** Reads one byte after the other through a small window. */
    TRICKLES
  }

  record SubscriberPlan(
      int number, Filter filter, Start start, double startsAt, Habit habit, int node, long seed) {
    static SubscriberPlan draw(int number, SplittableRandom random) {
      Filter filter =
          number == 0
              ? new Filter(false, java.util.List.of(), java.util.List.of(), java.util.List.of())
              : Filter.draw(random);
      Start start =
          switch (random.nextInt(5)) {
            case 0 -> Start.EARLIEST;
            case 1, 2 -> filter.homeserver() ? Start.EARLIEST : Start.NOW;
            default -> Start.CURSOR;
          };
      Habit[] habits = Habit.values();
      Habit habit =
          start == Start.NOW && random.nextInt(3) == 0
              ? Habit.FLEETING
              : habits[random.nextInt(habits.length)];
      return new SubscriberPlan(
          number,
          filter,
          start,
          1 - random.nextDouble() * random.nextDouble(),
          habit,
          random.nextInt(8),
          random.nextLong());
    }
  }

  /** How a writer writes. */
  enum Kind {
    /** One to five rows in a transaction, savepoints, rollbacks, pauses before the commit. */
    SQL,
    /** {@code gapless.publish}. */
    FUNCTION,
    /** {@code POST /v1/events} with an idempotency key, repeated until it is answered. */
    HTTP,
    /** {@code PUT} and {@code DELETE} of files. */
    FILES,
    /** Two-phase commits. */
    PREPARED,
    /** Its backend is terminated in the middle, every now and then. */
    TERMINATED,
    /** COPY. */
    COPY
  }

  record WriterPlan(int number, Kind kind, long seed) {
    static WriterPlan draw(int number, SplittableRandom random) {
      Kind[] kinds = Kind.values();
      Kind kind = random.nextInt(3) == 0 ? Kind.SQL : kinds[random.nextInt(kinds.length)];
      return new WriterPlan(number, kind, random.nextLong());
    }
  }

  private Plans() {}
}
