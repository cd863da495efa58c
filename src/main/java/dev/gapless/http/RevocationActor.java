package dev.gapless.http;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * Reads the revocations at a fixed interval and then ends the streams that have lost their grant.
 * Nobody sends it anything. A read that fails or hangs is not repeated faster: {@link
 * RevocationWatch#isStale} decides what a node without fresh revocations may still serve, and the
 * streams are checked at every tick whether a read came back or not.
 */
final class RevocationActor extends AbstractBehavior<RevocationActor.Command> {

  sealed interface Command {}

  private enum Tick implements Command {
    INSTANCE
  }

  private enum ReadEnded implements Command {
    INSTANCE
  }

  private record ReadFailed(Throwable cause) implements Command {}

  static Behavior<Command> create(
      RevocationWatch watch, StreamRegistry streams, Duration interval, Executor blocking) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(Tick.INSTANCE, Duration.ZERO, interval);
                  return new RevocationActor(context, watch, streams, blocking);
                }));
  }

  private final RevocationWatch watch;
  private final StreamRegistry streams;
  private final Executor blocking;
  private boolean reading;
  private boolean failing;

  private RevocationActor(
      ActorContext<Command> context,
      RevocationWatch watch,
      StreamRegistry streams,
      Executor blocking) {
    super(context);
    context.setLoggerName("dev.gapless.http.revocations");
    this.watch = watch;
    this.streams = streams;
    this.blocking = blocking;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Tick.class, this::onTick)
        .onMessage(ReadEnded.class, this::onReadEnded)
        .onMessage(ReadFailed.class, this::onReadFailed)
        .build();
  }

  private Behavior<Command> onTick(Tick tick) {
    if (!reading) {
      reading = true;
      getContext()
          .pipeToSelf(
              read(),
              (done, failure) -> failure == null ? ReadEnded.INSTANCE : new ReadFailed(failure));
    }
    streams.check();
    return this;
  }

  private Behavior<Command> onReadEnded(ReadEnded ended) {
    reading = false;
    if (failing) {
      failing = false;
      getContext().getLog().info("the revocations can be read again");
    }
    streams.check();
    return this;
  }

  private Behavior<Command> onReadFailed(ReadFailed failed) {
    reading = false;
    if (!failing) {
      failing = true;
      getContext()
          .getLog()
          .warn(
              "cannot read the revocations: {}",
              Problems.describe(Problems.unwrap(failed.cause())));
    }
    return this;
  }

  private CompletableFuture<Done> read() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            watch.read();
            return Done.getInstance();
          } catch (java.sql.SQLException failure) {
            throw new java.util.concurrent.CompletionException(failure);
          }
        },
        blocking);
  }
}
