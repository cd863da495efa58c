package dev.gapless.hub;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.pekko.stream.Shape;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;

/**
 * A stage that does one thing at a time: while it waits for an answer it is busy, and an answer
 * that fails is asked for again with backoff, for as long as the stream lives.
 */
abstract class AsyncLogic extends TimerGraphStageLogic {
  static final String AGAIN = "again";
  static final Duration FIRST_BACKOFF = Duration.ofMillis(50);

  // 50 ms doubled seven times: 6.4 s
  private static final int MOST_DOUBLINGS = 7;

  private final AsyncCallback<Runnable> onStage;
  private boolean busy;
  private int failures;

  AsyncLogic(Shape shape) {
    super(shape);
    this.onStage = createAsyncCallback(Runnable::run);
  }

  /** Goes on with whatever can be done now. */
  abstract void advance();

  boolean isBusy() {
    return busy;
  }

  /** Runs {@code work} on this stage; safe from any thread. */
  void runOnStage(Runnable work) {
    onStage.invoke(work);
  }

  /** Waits for an answer that cannot fail: {@code ask} is given where to send it. */
  <T> void ask(Consumer<Consumer<T>> ask, Consumer<T> then) {
    busy = true;
    ask.accept(
        answer ->
            runOnStage(
                () -> {
                  busy = false;
                  then.accept(answer);
                  advance();
                }));
  }

  /** Waits for an answer; after a failure the stage goes on from where it stood, after a pause. */
  <T> void await(CompletionStage<T> stage, Consumer<T> then) {
    busy = true;
    stage.whenComplete(
        (result, failure) ->
            runOnStage(
                () -> {
                  if (failure != null) {
                    pause(FIRST_BACKOFF.multipliedBy(1L << Math.min(failures, MOST_DOUBLINGS)));
                    failures++;
                    return;
                  }
                  busy = false;
                  failures = 0;
                  then.accept(result);
                  advance();
                }));
  }

  /** Does nothing for a while. */
  void pause(Duration length) {
    busy = true;
    scheduleOnce(AGAIN, length);
  }

  @Override
  public void onTimer(Object key) {
    if (key.equals(AGAIN)) {
      busy = false;
      advance();
    }
  }
}
