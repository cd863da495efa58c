package dev.gapless.tail;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import java.util.List;

/** What follows from the result of a statement. */
sealed interface Decision {

  /** These events are decided, and so is everything at or below the last one. */
  record Deliver(List<Event> events, Cursor head) implements Decision {}

  /** The head was decided afresh. */
  record Restart(Cursor head, TailOutput.RestartReason reason) implements Decision {}

  /** A row above what the sequence has handed out: somebody forced an explicit id. */
  record Forced(long position, long lastValue) implements Decision {}

  /** The log that was followed is gone; the head is being decided afresh. */
  record Diverged(Cursor head, TailOutput.RestartReason reason) implements Decision {}

  /**
   * The head's event is there, but a prepared transaction of before may still fill a position below
   * it; the head is being decided afresh.
   */
  record InDoubt(Cursor head) implements Decision {}

  /** The connection leads to a server in recovery: nothing it says decides anything. */
  record NotPrimary() implements Decision {}
}
