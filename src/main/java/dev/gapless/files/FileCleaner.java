package dev.gapless.files;

import java.time.Duration;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Removes contents that nobody needs any more: bodies that never arrived whole, and versions that
 * were replaced or deleted and that nobody reads. Nobody sends to it; one a node, and the cleaners
 * of several nodes share the work. When the database fails it looks again after its interval.
 */
public final class FileCleaner extends AbstractBehavior<FileCleaner.Command> {
  private static final int BATCH = 100;

  /** All messages are its own. */
  public sealed interface Command {}

  private enum Tick implements Command {
    INSTANCE
  }

  private record Removed(int versions) implements Command {}

  private record Failed(Throwable cause) implements Command {}

  private final FileStore store;
  private final TimerScheduler<Command> timers;
  private final Duration interval;

  public static Behavior<Command> create(FileStore store) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  FileCleaner cleaner = new FileCleaner(context, timers, store);
                  cleaner.lookIn(cleaner.interval);
                  return cleaner;
                }));
  }

  private FileCleaner(
      ActorContext<Command> context, TimerScheduler<Command> timers, FileStore store) {
    super(context);
    context.setLoggerName(FileCleaner.class);
    this.store = store;
    this.timers = timers;
    this.interval = store.settings().cleanInterval();
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Tick.class, tick -> onTick())
        .onMessage(Removed.class, this::onRemoved)
        .onMessage(Failed.class, this::onFailed)
        .build();
  }

  private Behavior<Command> onTick() {
    getContext()
        .pipeToSelf(
            store.removeUnneeded(BATCH),
            (versions, failure) -> failure != null ? new Failed(failure) : new Removed(versions));
    return this;
  }

  private Behavior<Command> onRemoved(Removed removed) {
    lookIn(removed.versions() == BATCH ? Duration.ZERO : interval);
    return this;
  }

  private Behavior<Command> onFailed(Failed failed) {
    getContext().getLog().warn("could not remove old contents: {}", failed.cause().getMessage());
    lookIn(interval);
    return this;
  }

  private void lookIn(Duration delay) {
    timers.startSingleTimer(Tick.INSTANCE, delay);
  }
}
