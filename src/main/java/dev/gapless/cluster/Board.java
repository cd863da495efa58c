package dev.gapless.cluster;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of the others, and says of itself; it outlives the cluster's systems.
 * Thread-safe.
 */
final class Board {
  /** Who has not reported for so long is gone, or cut off. */
  private static final long FORGOTTEN = 10_000_000_000L;

  private record Heard(Report report, long at) {}

  private final Runnable drain;
  private final Map<String, Heard> reports = new ConcurrentHashMap<>();
  private volatile String view = "";
  private volatile String series = "";
  private final AtomicBoolean nameIsTaken = new AtomicBoolean();
  private volatile @Nullable ActorRef<BoardActor.Command> actor;

  /**
   * @param drain drains this node
   */
  Board(Runnable drain) {
    this.drain = drain;
  }

  void say(String newView, String newSeries) {
    view = newView;
    series = newSeries;
  }

  /** Of this node, once it has said something. */
  Optional<Report> own(String node, String address) {
    return view.isEmpty() ? Optional.empty() : Optional.of(new Report(node, address, view, series));
  }

  void heard(Report report) {
    reports.compute(
        report.node(),
        (node, before) ->
            new Heard(
                report.series().isEmpty()
                    ? report.with(before == null ? "[]" : before.report().series())
                    : report,
                System.nanoTime()));
  }

  /** Whether this is the first time that another node reports by the name of this one. */
  boolean nameIsTaken() {
    return !nameIsTaken.getAndSet(true);
  }

  /** By node, in the order of their names. */
  Map<String, Report> reports() {
    long now = System.nanoTime();
    reports.values().removeIf(heard -> now - heard.at() > FORGOTTEN);
    Map<String, Report> sorted = new java.util.TreeMap<>();
    reports.forEach((node, heard) -> sorted.put(node, heard.report()));
    return sorted;
  }

  void drainHere() {
    drain.run();
  }

  void actorIs(@Nullable ActorRef<BoardActor.Command> current) {
    actor = current;
  }

  Optional<ActorRef<BoardActor.Command>> actor() {
    return Optional.ofNullable(actor);
  }
}
